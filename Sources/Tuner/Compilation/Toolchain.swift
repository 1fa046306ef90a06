#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A Swift compiler, with the linker and the symbol lister that go with it.
public struct Toolchain: Hashable, Sendable {
    /// Absolute path of the compiler driver.
    public let swiftc: String
    /// Absolute path of `ld` or `ld.lld`.
    public let linker: String
    /// Absolute path of `nm` or `llvm-nm`.
    public let symbolLister: String
    /// Everything that `swiftc --version` says: part of every identity.
    public let build: String

    /// First line of `build`, for people.
    public var summary: String { String(build.prefix { $0 != "\n" }) }

    /// What the surroundings say about where programs are; read once, at the executable's root.
    public struct Places: Sendable {
        /// What the user named (`--swiftc`, configuration): nothing else is tried then.
        public var named: String?
        /// PATH: folders separated by colons.
        public var searchPath: String
        /// HOME, where swiftly puts its toolchains.
        public var home: String?

        /// Takes PATH and HOME from `environment`.
        public init(named: String?, environment: [String: String]) {
            self.named = named
            searchPath = environment["PATH"] ?? ""
            home = environment["HOME"]
        }
    }

    /// Time that `swiftc --version` may take, in seconds: it reads its program from a cold disk.
    private static let versionSeconds = 60.0

    /// Finds the first compiler that runs. Throws `.noCompiler` naming every place tried.
    public static func find(_ places: Places) async throws -> Toolchain {
        var tried: [String] = []
        for swiftc in compilers(places) {
            guard isExecutable(swiftc) else {
                tried.append(swiftc)
                continue
            }
            do throws(Refusal) {
                return try await toolchain(swiftc, searchPath: places.searchPath)
            } catch {
                try Task.checkCancellation()
                tried.append("\(swiftc) (\(error.reason))")
            }
        }
        throw TunerError(
            .noCompiler,
            "cannot compile kernels: no working swiftc; tried \(tried.joined(separator: ", "))",
            hint: "install Swift 6.3 (swift.org/install) or name its compiler with --swiftc PATH")
    }

    // MARK: - Places

    /// Paths to try, in order, each once.
    private static func compilers(_ places: Places) -> [String] {
        if let named = places.named { return [absolute(named)] }
        var folders = searchFolders(places.searchPath) + ["/usr/bin", "/usr/local/bin"]
        folders += subfolders(of: "/opt", ending: "/usr/bin")
        folders += subfolders(of: "/usr/libexec", ending: "/bin").filter { $0.contains("swift") }
        if let home = places.home {
            folders.append(home + "/.local/share/swiftly/bin")
            folders += subfolders(
                of: home + "/.local/share/swiftly/toolchains", ending: "/usr/bin")
        }
        folders += subfolders(of: "/usr/share/swift", ending: "/usr/bin")
        var seen: Set<String> = []
        return folders.map { $0 + "/swiftc" }.filter { seen.insert($0).inserted }
    }

    private static func searchFolders(_ searchPath: String) -> [String] {
        // Relative folders would mean another program wherever the daemon is started.
        searchPath.split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
    }

    /// `folder/*` + `ending` for those that exist, newest name first.
    private static func subfolders(of folder: String, ending: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted(by: >).map { "\(folder)/\($0)\(ending)" }
            .filter { FileManager.default.fileExists(atPath: $0) }
    }

    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    private static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            && access(path, X_OK) == 0
    }

    // MARK: - Parts

    private struct Refusal: Error {
        let reason: String
    }

    private static func toolchain(_ swiftc: String, searchPath: String) async throws(Refusal)
        -> Toolchain
    {
        let build = try await version(of: swiftc)
        // A compiler in /usr/bin may be a link into the toolchain, whose own tools are beside the link's end.
        let home = URL(filePath: swiftc).resolvingSymlinksInPath().deletingLastPathComponent().path
        let folders = searchFolders(searchPath) + ["/usr/bin", "/usr/local/bin", home]
        func first(of names: [String]) -> String? {
            names.lazy.flatMap { name in folders.map { $0 + "/" + name } }.first(
                where: isExecutable)
        }
        // The system's linker takes 4 ms for a batch, lld 25.
        guard let linker = first(of: ["ld", "ld.lld"]) else {
            throw Refusal(reason: "it has neither ld nor ld.lld beside it or in PATH")
        }
        guard let lister = first(of: ["nm", "llvm-nm"]) else {
            throw Refusal(reason: "it has neither nm nor llvm-nm beside it or in PATH")
        }
        return Toolchain(swiftc: swiftc, linker: linker, symbolLister: lister, build: build)
    }

    private static func version(of swiftc: String) async throws(Refusal) -> String {
        let command = ChildProcess(
            executable: swiftc, arguments: ["--version"], environment: environment(of: swiftc))
        do {
            let completion = try await command.run(timeout: versionSeconds)
            guard completion.exit == .status(0), !completion.output.isEmpty else {
                throw Refusal(reason: "swiftc --version ended with \(completion.exit)")
            }
            // What goes to the error stream is the driver's own version on some systems, warnings on others.
            return String(decoding: completion.output, as: UTF8.self)
                .split(separator: "\n").joined(separator: "\n")
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal(reason: "\(error)")
        }
    }

    /// What a compiler runs with: nothing of the daemon's own environment can change the code.
    static func environment(of swiftc: String) -> [String: String] {
        let folder = URL(filePath: swiftc).deletingLastPathComponent().path
        return ["PATH": folder + ":/usr/bin:/bin", "LC_ALL": "C"]
    }
}
