import CLMDB
import Tuner

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An open LMDB environment with its sub-databases, safe to use from any thread.
final class Environment: @unchecked Sendable {
    enum Mode { case create, readWrite, readOnly }

    private let handle: OpaquePointer
    private let path: String
    private let claim: OpenDirectories.Claim
    /// Held shared by every transaction: LMDB moves the map only while this process has none.
    private let map = ReadWriteLock()
    private let largestMap: Int
    private var databases: [SubDatabase: MDB_dbi] = [:]
    /// True once the map could not be moved: LMDB has none then, and must not be called.
    private var isLost = false

    /// Opens the database in `directory`, or makes it there with a map of `firstMap` bytes.
    ///
    /// A file shorter than its pages in use is refused before any page is touched: a missing page
    /// would be a SIGBUS.
    init(directory: String, mode: Mode, firstMap: Int, largestMap: Int) throws {
        path = directory
        self.largestMap = largestMap
        if mode != .create { try Self.checkPresence(directory) }
        let claim = try OpenDirectories.claim(directory)
        do {
            handle = try Self.open(directory, mode: mode, firstMap: firstMap)
        } catch {
            OpenDirectories.release(claim)
            throw error
        }
        self.claim = claim
        // All is initialised: from here on deinit closes and releases, whatever is thrown.
        do {
            if mode != .create { try checkLength() }
            try check(mdb_reader_check(handle, nil), "clear dead readers of")
            if mode != .readOnly { try extendFile(to: min(mapBytes(), largestMap)) }
            // Other versions have other databases: which one it is comes first.
            databases = try open([.meta], mode)
            if mode != .create { try checkVersion() }
            databases = try open(SubDatabase.allCases, mode)
        } catch let failure as StorageFailure {
            throw failure.error
        }
    }

    deinit {
        mdb_env_close(handle)
        OpenDirectories.release(claim)
    }

    // MARK: Transactions

    func read<Result>(_ body: (Transaction) throws -> Result) throws -> Result {
        try transact(UInt32(MDB_RDONLY), body)
    }

    /// Durable when it returns; nothing happened if it throws. `body` runs again after the map has
    /// grown.
    func write<Result>(_ body: (Transaction) throws -> Result) throws -> Result {
        try transact(0, body)
    }

    private func transact<Result>(
        _ flags: UInt32, _ body: (Transaction) throws -> Result
    ) throws -> Result {
        do {
            while true {
                var size = 0
                do {
                    return try map.shared {
                        size = try mapBytes()
                        return try once(flags) { try body(transaction($0)) }
                    }
                } catch let failure as StorageFailure where failure.code == MDB_MAP_FULL {
                    try grow(from: size)
                } catch let failure as StorageFailure where failure.code == MDB_MAP_RESIZED {
                    // Another process let it grow: 0 is LMDB's word for the size in the file.
                    try map.exclusive { try moveMap(to: 0) }
                }
            }
        } catch let failure as StorageFailure {
            throw failure.error
        }
    }

    /// Begins, runs and commits in one go: LMDB binds a transaction to its thread.
    private func once<Result>(
        _ flags: UInt32, _ body: (OpaquePointer) throws -> Result
    ) throws -> Result {
        var handle: OpaquePointer?
        try check(mdb_txn_begin(self.handle, nil, flags, &handle), "begin a transaction in")
        guard let handle else {
            throw StorageFailure(code: MDB_BAD_TXN, attempt: "begin a transaction in", path: path)
        }
        let result: Result
        do {
            result = try body(handle)
        } catch {
            mdb_txn_abort(handle)
            throw error
        }
        let code = mdb_txn_commit(handle)
        // LMDB calls a write that was cut short EIO, and that is how most disks say that they are
        // full.
        try check(code == EIO && isDiskFull() ? ENOSPC : code, "commit to")
        return result
    }

    private func isDiskFull() -> Bool {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return false }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize) < 1 << 20
    }

    private func transaction(_ handle: OpaquePointer) -> Transaction {
        Transaction(handle: handle, databases: databases, path: path)
    }

    // MARK: The map

    private func mapBytes() throws -> Int {
        guard !isLost else {
            throw StorageFailure(code: MDB_PANIC, attempt: "use", path: path)
        }
        var info = MDB_envinfo()
        try check(mdb_env_info(handle, &info), "examine")
        return info.me_mapsize
    }

    /// Doubles the map, unless it is no longer `size` bytes long or pages came free by clearing
    /// dead readers.
    private func grow(from size: Int) throws {
        try map.exclusive {
            var dead: Int32 = 0
            try check(mdb_reader_check(handle, &dead), "clear dead readers of")
            guard dead == 0, try mapBytes() == size else { return }
            guard size < largestMap else {
                throw TunerError(
                    .storage,
                    "cannot write \(path): it has reached its bound of \(largestMap) bytes",
                    hint: "move it away to begin anew; it stays readable")
            }
            let next = min(size * 2, largestMap)
            try extendFile(to: next)
            try moveMap(to: next)
        }
    }

    private func moveMap(to size: Int) throws {
        let code = mdb_env_set_mapsize(handle, size)
        isLost = code != 0
        try check(code, "enlarge")
    }

    /// Makes the file as long as the map, without using space on the disk.
    ///
    /// LMDB may count pages at the end that it never wrote, so that only with this is a file
    /// shorter than its pages a damaged one.
    private func extendFile(to size: Int) throws {
        var descriptor: mdb_filehandle_t = -1
        try check(mdb_env_get_fd(handle, &descriptor), "examine")
        if try fileLength(descriptor) >= size { return }
        guard ftruncate(descriptor, off_t(size)) == 0, fsync(descriptor) == 0 else {
            throw StorageFailure(code: errno, attempt: "enlarge", path: path)
        }
    }

    private func fileLength(_ descriptor: mdb_filehandle_t) throws -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw StorageFailure(code: errno, attempt: "examine", path: path)
        }
        return Int(status.st_size)
    }

    // MARK: Opening

    private static func open(
        _ directory: String, mode: Mode, firstMap: Int
    ) throws -> OpaquePointer {
        var handle: OpaquePointer?
        var code = mdb_env_create(&handle)
        guard code == 0, let handle else {
            throw StorageFailure(code: code, attempt: "open", path: directory).error
        }
        mdb_env_set_maxdbs(handle, UInt32(SubDatabase.allCases.count))
        if mode == .create { mdb_env_set_mapsize(handle, firstMap) }
        // Without thread-local slots: the threads of a pool come and go, and each would keep a
        // reader's slot.
        let flags = MDB_NOTLS | (mode == .readOnly ? MDB_RDONLY : 0)
        code = mdb_env_open(handle, directory, UInt32(flags), 0o600)
        guard code == 0 else {
            mdb_env_close(handle)
            throw StorageFailure(code: code, attempt: "open", path: directory).error
        }
        return handle
    }

    /// A file of no bytes would be taken by LMDB for a new database.
    private static func checkPresence(_ directory: String) throws {
        var status = stat()
        guard stat(directory + "/data.mdb", &status) == 0 else {
            throw StorageFailure(code: errno, attempt: "open", path: directory + "/data.mdb").error
        }
        if status.st_size == 0 { throw truncated(directory, length: 0, needed: nil) }
    }

    /// The end of the last page in use; throws `.storage` when damage makes it no length at all.
    func bytesInUse() throws -> Int {
        var info = MDB_envinfo()
        var statistics = MDB_stat()
        try check(mdb_env_info(handle, &info), "examine")
        try check(mdb_env_stat(handle, &statistics), "examine")
        let pages = info.me_last_pgno.addingReportingOverflow(1)
        let bytes = pages.partialValue.multipliedReportingOverflow(by: Int(statistics.ms_psize))
        guard !pages.overflow, !bytes.overflow else {
            throw StorageFailure(code: MDB_CORRUPTED, attempt: "open", path: path)
        }
        return bytes.partialValue
    }

    private func checkLength() throws {
        let needed = try bytesInUse()
        var descriptor: mdb_filehandle_t = -1
        try check(mdb_env_get_fd(handle, &descriptor), "examine")
        let length = try fileLength(descriptor)
        guard length >= needed else {
            throw Self.truncated(path, length: length, needed: needed)
        }
    }

    private static func truncated(_ path: String, length: Int, needed: Int?) -> TunerError {
        let wanted = needed.map { "the \($0) in use" } ?? "what is in use"
        return TunerError(
            .storage,
            "cannot open \(path)/data.mdb: it is truncated, \(length) bytes instead of \(wanted)",
            hint: "restore \(path) from a copy, or move it away to begin anew")
    }

    /// Opened once and in a transaction of their own: handles from one that aborts are dead later.
    private func open(_ wanted: [SubDatabase], _ mode: Mode) throws -> [SubDatabase: MDB_dbi] {
        try once(mode == .create ? 0 : UInt32(MDB_RDONLY)) { transaction in
            var databases: [SubDatabase: MDB_dbi] = [:]
            for database in wanted {
                var identifier: MDB_dbi = 0
                let flags = mode == .create ? UInt32(MDB_CREATE) : 0
                let code = mdb_dbi_open(transaction, database.rawValue, flags, &identifier)
                // Not one of ours, or damaged: "not found" alone would send people looking for a
                // file.
                let reported = code == MDB_NOTFOUND ? MDB_INVALID : code
                try check(reported, "find \(database.rawValue) in")
                databases[database] = identifier
            }
            return databases
        }
    }

    private func checkVersion() throws {
        guard let bytes = try read({ try $0.value(in: .meta, key: Schema.versionKey) }) else {
            throw TunerError(
                .storage, "cannot open \(path): it does not say its schema version",
                hint: "restore it from a copy, or move it away to begin anew")
        }
        let version: Int = try StoredValue.decode(
            bytes, in: .meta, key: Schema.versionKey, path: path)
        guard version == Schema.version else {
            throw StoredValue.otherVersion(version, path: path)
        }
    }

    private func check(_ code: Int32, _ attempt: String) throws {
        guard code == 0 else { throw StorageFailure(code: code, attempt: attempt, path: path) }
    }
}
