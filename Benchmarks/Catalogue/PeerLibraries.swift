import Foundation

/// Shared libraries that a user would pick instead.
final class PeerLibraries {
    /// Folders to look in first; then wherever the loader looks.
    private let folders: [String]
    let threads: Int

    /// Tells every library how many threads and which instructions it may use, before any is loaded.
    init(folder: String?, target: String, threads: Int) {
        var folders: [String] = []
        if let folder {
            folders = [folder, folder + "/ggml", folder + "/venv/lib"]
            // Wheels keep their libraries beside their Python.
            let manager = FileManager.default
            for python in (try? manager.contentsOfDirectory(atPath: folder + "/venv/lib")) ?? [] {
                let packages = "\(folder)/venv/lib/\(python)/site-packages"
                folders.append(packages + "/scipy_openblas32/lib")
            }
        }
        self.folders = folders
        self.threads = threads
        let count = "\(threads)"
        var environment = [
            "OPENBLAS_NUM_THREADS": count, "MKL_NUM_THREADS": count, "BLIS_NUM_THREADS": count,
            "OMP_NUM_THREADS": count, "MKL_THREADING_LAYER": threads == 1 ? "SEQUENTIAL" : "GNU",
            // Threads that spin after their work would take a core from whoever computes next.
            "OMP_WAIT_POLICY": "PASSIVE",
        ]
        // Some know no processor as new as this one and would do without its widest instructions. BLIS numbers its kinds.
        if target.hasPrefix("cpu-avx512") {
            environment["OPENBLAS_CORETYPE"] = "SkylakeX"
            environment["BLIS_ARCH_TYPE"] = "0"
        }
        if target == "cpu-avx2" {
            environment["OPENBLAS_CORETYPE"] = "Haswell"
            environment["MKL_ENABLE_INSTRUCTIONS"] = "AVX2"
            environment["BLIS_ARCH_TYPE"] = "3"
            environment["ONEDNN_MAX_CPU_ISA"] = "AVX2"
        }
        for (name, value) in environment { setenv(name, value, 1) }
        // Some machines come with one that is not theirs.
        unsetenv("OPENBLAS_L2_SIZE")
        // MKL's threads need it and do not load it.
        if threads > 1 { dlopen("libgomp.so.1", RTLD_NOW | RTLD_GLOBAL) }
    }

    private var handles: [String: UnsafeMutableRawPointer?] = [:]

    /// The first of `names` that can be loaded.
    func handle(_ names: [String]) -> UnsafeMutableRawPointer? {
        let key = names.joined(separator: " ")
        if let known = handles[key] { return known }
        var found: UnsafeMutableRawPointer?
        search: for name in names {
            for path in folders.map({ $0 + "/" + name }) + [name] {
                found = open(path)
                if found != nil { break search }
            }
        }
        handles[key] = found
        return found
    }

    /// Wheels do not say where what their libraries need lies: in one of the folders.
    private func open(_ path: String) -> UnsafeMutableRawPointer? {
        var failed = ""
        while true {
            if let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) { return handle }
            let missing = dlerror().map { String(cString: $0).prefix { $0 != ":" } }.map(
                String.init)
            guard let missing, missing != failed, !missing.contains("/"),
                let found = self.path(of: [missing]), open(found) != nil
            else { return nil }
            failed = missing
        }
    }

    /// Where the first of `names` lies in one of the folders.
    func path(of names: [String]) -> String? {
        names.flatMap { name in folders.map { $0 + "/" + name } }.first {
            FileManager.default.fileExists(atPath: $0)
        }
    }

    func function<Signature>(_ symbol: String, of names: [String], as _: Signature.Type)
        -> Signature?
    {
        guard let handle = handle(names), let address = dlsym(handle, symbol) else { return nil }
        return unsafeBitCast(address, to: Signature.self)
    }
}
