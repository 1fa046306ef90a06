import Tuner
import TunerAPI

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The Unix socket's file: who may be in its place before, and what stays after.
package enum SocketFile {
    /// Makes the socket's folder and takes away the file of a daemon that is no more.
    ///
    /// `user` is the daemon's. Throws `.busy` when someone answers there, `.badRequest` for a path that cannot be a socket's or a folder
    /// that others may write.
    package static func prepare(_ path: String, user: UInt32) throws {
        guard path.hasPrefix("/"), path.utf8.count <= SocketPath.lengthLimit else {
            throw TunerError(
                .badRequest,
                "cannot listen at \(path): a socket's path is absolute and has at most "
                    + "\(SocketPath.lengthLimit) bytes", hint: "name another with --socket")
        }
        try prepareFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]), user: user)
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw TunerError(
                .badRequest, "cannot listen at \(path): a file that is no socket is there",
                hint: "remove it, or name another place with --socket")
        }
        if answers(path) {
            throw TunerError(
                .busy, "cannot listen at \(path): another tunerd answers there",
                hint: "end that one, or name another place with --socket")
        }
        guard unlink(path) == 0 || errno == ENOENT else {
            throw TunerError(
                .storage,
                "cannot remove the old socket \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// Lets the socket's group in: it was made for its owner alone.
    static func open(_ path: String) { chmod(path, 0o660) }

    /// Best effort: the next daemon replaces a socket that nobody answers.
    static func remove(_ path: String) { unlink(path) }

    private static func prepareFolder(_ folder: String, user: UInt32) throws {
        let isOwn = mkdir(folder, 0o750) == 0
        guard isOwn || errno == EEXIST else {
            throw TunerError(
                .storage,
                "cannot make the socket's folder \(folder): \(String(cString: strerror(errno)))",
                hint: "name another place with --socket")
        }
        var status = stat()
        guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return }
        // Whoever may write the folder may put his own socket in place of ours.
        let isForeign = status.st_uid != user && status.st_uid != 0
        let isOpen = status.st_mode & 0o002 != 0 && status.st_mode & S_ISVTX == 0
        guard !isForeign, !isOpen else {
            throw TunerError(
                .badRequest,
                "cannot listen in \(folder): "
                    + (isForeign ? "it belongs to another user" : "every user may write it"),
                hint: "name another place with --socket")
        }
    }

    private static func answers(_ path: String) -> Bool {
        #if os(Linux)
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
