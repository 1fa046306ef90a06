import KernelSpace
import WorkerProtocol

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

/// Compiled code by what it was made from; survives restarts.
///
/// ```
/// objects/                 mode 0700
///     <sha256>.so          what one compiler call gave, named by its own hash
///     <sha256>.json        ObjectIndex: which functions it holds
///     temporary/           one folder a compilation; emptied at start
///     modules/             clang's modules, for the compiler
///     kernels/             KernelModules; emptied at start
/// ```
/// The index is written after the object: an object without one is a leftover of a crash and is removed at start.
public actor ObjectCache {
    /// What an object holds.
    struct ObjectIndex: Codable {
        var version = 1
        /// Keys of its functions; their symbols follow from them.
        var functions: [String]
    }

    /// Size of the cache unless stated otherwise: some 20,000 objects of a hundred kilobytes.
    public static let defaultByteLimit = 2 << 30
    /// Objects larger than this are not of our making.
    private static let objectByteLimit = 256 << 20

    private struct Object {
        var bytes: Int
        var functions: [String]
        /// Orders objects by use, across restarts: the file's modification time at first, in nanoseconds.
        var lastUse: Int
    }

    /// Absolute path of the cache's folder.
    public nonisolated let folder: String
    /// The compiler's own module cache.
    nonisolated var moduleFolder: String { folder + "/modules" }
    nonisolated var kernelModuleFolder: String { folder + "/kernels" }

    private let byteLimit: Int
    private var objects: [String: Object] = [:]
    /// Which object holds a function.
    private var holders: [String: String] = [:]

    /// Opens or makes the cache. Throws `.storage` when the folder cannot be made, or is open to other users.
    public init(folder: String, byteLimit: Int = defaultByteLimit) throws(TunerError) {
        self.folder = folder
        self.byteLimit = byteLimit
        try Self.makePrivateFolder(folder)
        // Of a daemon that was stopped; nobody else uses this state folder.
        for leftovers in [folder + "/temporary", folder + "/kernels"] {
            try? FileManager.default.removeItem(atPath: leftovers)
            try Self.makePrivateFolder(leftovers)
        }
        try Self.makePrivateFolder(folder + "/modules")
        objects = Self.readIndexes(of: folder)
        for (name, object) in objects {
            for key in object.functions { holders[key] = name }
        }
    }

    /// Bytes of all objects.
    public var byteCount: Int { objects.values.reduce(0) { $0 + $1.bytes } }

    /// Entry points of those functions that are here and whole; a damaged object is thrown away.
    func lookup(_ functions: [GeneratedFunction]) -> [Fingerprint: EntryPoint] {
        var found: [Fingerprint: EntryPoint] = [:]
        var checked: [String: Bool] = [:]
        for function in functions {
            guard let name = holders[function.key.hex] else { continue }
            let whole = checked[name] ?? check(name)
            checked[name] = whole
            if whole { found[function.key] = entry(of: function, in: name) }
        }
        return found
    }

    /// Takes in the object at `path`, which stays where it is, and makes room if need be.
    func store(objectAt path: String, holding functions: [GeneratedFunction])
        throws(TunerError) -> [Fingerprint: EntryPoint]
    {
        guard let content = ObjectFile.trustedContent(of: path, atMost: Self.objectByteLimit) else {
            throw TunerError(
                .storage, "cannot read the object \(path) that the linker wrote",
                hint: "is the disk full?")
        }
        let name = ObjectFile.sha256(content)
        let keys = functions.map(\.key.hex)
        do {
            let encoded = try JSONEncoder().encode(ObjectIndex(functions: keys))
            try ObjectFile.write(content, to: self.path(of: name))
            try ObjectFile.write(encoded, to: indexPath(of: name))
        } catch let problem as ObjectFile.Problem {
            throw problem.error
        } catch {
            throw TunerError(.internal, "cannot encode the index of \(path): \(error)")
        }
        ObjectFile.syncFolder(folder)
        objects[name] = Object(bytes: content.count, functions: keys, lastUse: 0)
        touch(name)
        for key in keys { holders[key] = name }
        evict(sparing: name)
        return Dictionary(
            functions.map { ($0.key, entry(of: $0, in: name)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// A fresh private folder for the calls of one compilation.
    nonisolated func makeTemporaryFolder() throws(TunerError) -> String {
        let path = "\(folder)/temporary/\(UInt64.random(in: 0 ... .max))"
        try Self.makePrivateFolder(path)
        return path
    }

    // MARK: - Objects

    private func path(of name: String) -> String { "\(folder)/\(name).so" }
    private func entry(of function: GeneratedFunction, in name: String) -> EntryPoint {
        EntryPoint(object: path(of: name), symbol: function.symbol)
    }
    private func indexPath(of name: String) -> String { "\(folder)/\(name).json" }

    /// Whether the object is what was stored; marks it as used, or removes it.
    private func check(_ name: String) -> Bool {
        let content = ObjectFile.trustedContent(of: path(of: name), atMost: Self.objectByteLimit)
        guard let content, ObjectFile.sha256(content) == name else {
            remove(name)
            return false
        }
        touch(name)
        return true
    }

    /// Makes the object the one used last, here and in the file's modification time.
    private func touch(_ name: String) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        // The kernel's own stamp would be some milliseconds coarse, too coarse for an order.
        var times = (timespec(tv_sec: 0, tv_nsec: Self.omit), time)
        withUnsafeBytes(of: &times) { times in
            // Without it the object merely looks less used than it is.
            _ = utimensat(
                AT_FDCWD, path(of: name), times.bindMemory(to: timespec.self).baseAddress, 0)
        }
        objects[name]?.lastUse = Self.nanoseconds(time)
    }

    /// UTIME_OMIT of <sys/stat.h>: leaves the access time as it is.
    private static let omit = (1 << 30) - 2

    private func remove(_ name: String) {
        guard let object = objects.removeValue(forKey: name) else { return }
        // The index first: a crash in between leaves an object without one, which the next start removes.
        unlink(indexPath(of: name))
        unlink(path(of: name))
        for key in object.functions where holders[key] == name { holders[key] = nil }
    }

    private func evict(sparing newest: String) {
        var excess = byteCount - byteLimit
        guard excess > 0 else { return }
        for (name, object) in objects.sorted(by: { $0.value.lastUse < $1.value.lastUse })
        where excess > 0 && name != newest {
            excess -= object.bytes
            remove(name)
        }
    }

    private static func nanoseconds(_ time: timespec) -> Int {
        Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
    }

    // MARK: - Start

    static func makePrivateFolder(_ path: String) throws(TunerError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw TunerError(.storage, "cannot make the folder \(path): \(error)")
        }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
            status.st_uid == geteuid(), status.st_mode & (S_IWGRP | S_IWOTH) == 0
        else {
            throw TunerError(
                .storage,
                "will not load code from \(path): it is not a folder of this user, or others may "
                    + "write to it", hint: "remove it; it holds only what can be compiled again")
        }
    }

    /// Objects with an index; everything else in the folder that looks like ours is removed.
    private static func readIndexes(of folder: String) -> [String: Object] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var objects: [String: Object] = [:]
        for file in names where file.hasSuffix(".json") {
            let name = String(file.dropLast(5))
            var status = stat()
            guard Fingerprint(hex: name) != nil, lstat("\(folder)/\(name).so", &status) == 0,
                let content = ObjectFile.trustedContent(of: "\(folder)/\(file)", atMost: 4 << 20),
                let index = try? JSONDecoder().decode(ObjectIndex.self, from: Data(content)),
                index.version == 1
            else { continue }
            objects[name] = Object(
                bytes: Int(status.st_size), functions: index.functions,
                lastUse: nanoseconds(status.st_mtim))
        }
        for file in names where [".so", ".json", ".tmp"].contains(where: file.hasSuffix) {
            let name = String(file.prefix { $0 != "." })
            if objects[name] == nil || file.hasSuffix(".tmp") { unlink("\(folder)/\(file)") }
        }
        return objects
    }
}
