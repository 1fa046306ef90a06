import KernelSpace

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The kernels found on a kernel path, and what is wrong with those that could not be read.
public struct KernelCatalogue: Sendable {
    /// A kernel and the folder it was read from.
    public struct Entry: Sendable {
        /// What its manifest says.
        public let kernel: Kernel
        /// The folder of `kernel.yaml`.
        public let folder: String
    }
    /// A folder whose kernel cannot be used.
    public struct Rejected: Hashable, Sendable {
        /// The folder of `kernel.yaml`, or the folder of the kernel path that does not exist.
        public let folder: String
        /// `file:line:column: what is wrong`
        public let message: String
    }

    /// By name.
    public let entries: [Entry]
    /// By folder.
    public let rejected: [Rejected]

    /// Most bytes of one manifest or source.
    private static let fileByteLimit = 4 << 20
    /// Most folders looked into below one folder of the path.
    private static let folderLimit = 2_000

    /// Reads every kernel in `folders`, themselves, their folders and the folders of those. One bad kernel costs only itself; of two
    /// kernels with the same name neither is used. Symbolic links are followed.
    public init(folders: [String]) {
        var found: [String: [Entry]] = [:]
        var rejected: [Rejected] = []
        var seen: Set<String> = []
        for root in folders {
            guard Self.isFolder(root) else {
                rejected.append(Rejected(folder: root, message: "\(root): no such folder"))
                continue
            }
            for folder in Self.kernelFolders(of: root) {
                let place = URL(filePath: folder).resolvingSymlinksInPath().path
                guard seen.insert(place).inserted else { continue }
                switch Self.read(folder) {
                case .success(let kernel):
                    found[kernel.name, default: []].append(Entry(kernel: kernel, folder: folder))
                case .failure(let error):
                    rejected.append(Rejected(folder: folder, message: error.description))
                }
            }
        }
        for (name, entries) in found where entries.count > 1 {
            let places = entries.map(\.folder).joined(separator: " and ")
            for entry in entries {
                rejected.append(
                    Rejected(
                        folder: entry.folder,
                        message: "kernel \(name) exists twice: in \(places); rename one"))
            }
        }
        entries = found.values.filter { $0.count == 1 }.flatMap { $0 }
            .sorted { $0.kernel.name < $1.kernel.name }
        self.rejected = rejected.sorted { $0.folder < $1.folder }
    }

    /// The kernel of that name. Throws `.notFound`, naming those there are, or what is wrong with it.
    public func kernel(named name: String) throws(TunerError) -> Kernel {
        if let entry = entries.first(where: { $0.kernel.name == name }) { return entry.kernel }
        let names = entries.map(\.kernel.name).joined(separator: ", ")
        let broken = rejected.map(\.message).joined(separator: "; ")
        throw TunerError(
            .notFound, "no kernel is called \(name); there are: \(names.isEmpty ? "none" : names)",
            hint: broken.isEmpty
                ? "a folder with more kernels can be added with --kernels DIR"
                : "these could not be read: \(broken)")
    }

    // MARK: - Reading

    /// The kernel in a folder that has a `kernel.yaml`.
    private static func read(_ folder: String) -> Result<Kernel, KernelSpaceError> {
        let file = folder + "/kernel.yaml"
        do {
            return .success(
                try Kernel(
                    manifest: text(of: file), file: file,
                    readFile: { try text(of: folder + "/" + $0) },
                    listSwiftFiles: { try swiftFiles(of: folder + "/" + $0) }))
        } catch let error as KernelSpaceError {
            return .failure(error)
        } catch {
            return .failure(KernelSpaceError(.manifest, "\(error)", file: file))
        }
    }

    private static func text(of path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TunerError(.notFound, "cannot read \(path)")
        }
        guard data.count <= fileByteLimit else {
            throw TunerError(
                .badRequest, "\(path) has \(data.count) bytes; at most \(fileByteLimit) are allowed"
            )
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw TunerError(.badRequest, "\(path) is not UTF-8 text")
        }
        return text
    }

    private static func swiftFiles(of folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(".swift") && !$0.hasPrefix(".") }.sorted()
    }

    /// `root` and the folders one and two levels below it that have a manifest.
    private static func kernelFolders(of root: String) -> [String] {
        var level = [root]
        var found: [String] = []
        for _ in 0...2 {
            found += level.filter { FileManager.default.fileExists(atPath: $0 + "/kernel.yaml") }
            level = Array(level.flatMap(folders).prefix(folderLimit))
        }
        return found
    }

    private static func folders(of folder: String) -> [String] {
        // A folder that cannot be listed has no kernels for us.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted().map { folder + "/" + $0 }
            .filter(isFolder)
    }

    private static func isFolder(_ path: String) -> Bool {
        var isDirectory = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
            && isDirectory
    }
}

/// What comes with the programs: built-in kernels and the headers kernels import.
public struct InstalledFiles: Sendable {
    /// Folder of the built-in kernels' folders.
    public let kernels: String
    /// Folder of the module CSIMD.
    public let headers: String

    /// `../share/tunerd` beside the executable if it is there, else the checkout that the executable was built in.
    /// Throws `.notFound`, naming the places tried.
    public init(executable: String) throws(TunerError) {
        let program = URL(filePath: executable).resolvingSymlinksInPath()
        var folder = program.deletingLastPathComponent()
        let shared = folder.deletingLastPathComponent().path + "/share/tunerd"
        var pairs = [(shared + "/kernels", shared + "/include")]
        while folder.path != "/" {
            pairs.append(
                (folder.path + "/Sources/SIMDKernels", folder.path + "/Sources/CSIMD/include"))
            folder = folder.deletingLastPathComponent()
        }
        let manager = FileManager.default
        guard
            let pair = pairs.first(where: {
                manager.fileExists(atPath: $0.0)
                    && manager.fileExists(atPath: $0.1 + "/kernel_abi.h")
            })
        else {
            throw TunerError(
                .notFound,
                "cannot find the built-in kernels beside \(program.path): neither \(shared)/kernels "
                    + "nor Sources/SIMDKernels in a folder above", hint: "run make install again")
        }
        (kernels, headers) = pair
    }
}
