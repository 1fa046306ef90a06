import Glibc

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The folder of one worker: the only place where it may write, gone with it.
struct WorkerFolder: Sendable {
    /// What a worker may leave in it while it lives. Kernels write nothing; this is for what a mathematical library might.
    static let byteLimit = 64 << 20
    static let fileLimit = 1_000
    /// Of any one file.
    static let fileByteLimit = 16 << 20

    let path: String

    /// Makes it in `parent`, which is made as well, both for this user alone.
    init(in parent: String) throws(TunerError) {
        var template = Array((parent + "/XXXXXX").utf8CString)
        guard mkdir(parent, 0o700) == 0 || errno == EEXIST, mkdtemp(&template) != nil else {
            throw TunerError(
                .storage,
                "could not make a folder for a worker in \(parent): \(String(cString: strerror(errno)))",
                hint: "is the disk full?")
        }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// What is wrong with what lies in it, or nil. It holds no folders: a worker may make none.
    var overrun: String? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var files = 0
        var bytes = 0
        while let entry = readdir(folder) {
            var status = stat()
            let found = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
                    fstatat(dirfd(folder), $0, &status, AT_SYMLINK_NOFOLLOW) == 0
                }
            }
            guard found, status.st_mode & S_IFMT == S_IFREG else { continue }
            files += 1
            bytes += Int(status.st_blocks) * 512
        }
        if files > Self.fileLimit { return "it made more than \(Self.fileLimit) files" }
        if bytes > Self.byteLimit {
            return "it wrote more than \(Self.byteLimit >> 20) MiB of files"
        }
        return nil
    }

    /// Best effort: what stays is removed at the daemon's next start.
    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
