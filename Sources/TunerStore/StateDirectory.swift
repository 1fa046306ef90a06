import Tuner

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The directories and files round the database; see `Schema`.
struct StateDirectory {
    var path: String
    var database: String { path + "/db" }

    /// Throws if that cannot be told: a directory out of reach is not an empty one.
    func hasDatabase() throws -> Bool {
        if access(database, F_OK) == 0 { return true }
        guard errno == ENOENT else {
            throw StorageFailure(code: errno, attempt: "open", path: database).error
        }
        return false
    }

    /// Makes the directory and those above it that are missing, for this user alone.
    func make() throws {
        guard !path.isEmpty else {
            throw TunerError(.badRequest, "cannot open the state: its directory has no name")
        }
        var end = path.startIndex
        while end < path.endIndex {
            end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
            let part = String(path[..<end])
            guard mkdir(part, 0o700) != 0, errno != EEXIST else { continue }
            let code = errno
            // Above a directory that exists, a read-only or foreign one answers something else than
            // EEXIST.
            if access(part, F_OK) != 0 {
                throw StorageFailure(code: code, attempt: "make the directory", path: part).error
            }
        }
    }

    /// Makes the database, unless there is one, with what `fill` writes into it. The caller holds
    /// the `StateLock`.
    ///
    /// It comes into being by a rename: a crash leaves none or a whole one, so an empty file is
    /// always damage.
    func makeDatabase(fill: (_ directory: String) throws -> Void) throws {
        if try hasDatabase() { return }
        let new = database + ".new"
        try removeUnfinished(new)
        guard mkdir(new, 0o700) == 0 else {
            throw StorageFailure(code: errno, attempt: "make the directory", path: new).error
        }
        try fill(new)
        try sync(new)
        guard rename(new, database) == 0 else {
            throw StorageFailure(code: errno, attempt: "rename", path: new).error
        }
        try sync(path)
    }

    private func removeUnfinished(_ directory: String) throws {
        for file in ["data.mdb", "lock.mdb"] { unlink("\(directory)/\(file)") }
        guard rmdir(directory) == 0 || errno == ENOENT else {
            throw StorageFailure(code: errno, attempt: "remove", path: directory).error
        }
    }

    private func sync(_ directory: String) throws {
        let descriptor = open(directory, O_RDONLY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw StorageFailure(code: errno, attempt: "sync", path: directory).error
        }
    }
}
