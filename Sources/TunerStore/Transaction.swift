import CLMDB

/// One transaction of LMDB: valid within the closure that it is given to, on that thread.
struct Transaction {
    let handle: OpaquePointer
    let databases: [SubDatabase: MDB_dbi]
    let path: String

    /// A copy of the value; nil if there is none.
    func value(in database: SubDatabase, key: [UInt8]) throws -> [UInt8]? {
        var found = MDB_val()
        let code = try withValue(key) { key in
            mdb_get(handle, try identifier(database), &key, &found)
        }
        if code == MDB_NOTFOUND { return nil }
        try check(code, "read")
        return Self.copy(found)
    }

    /// False, with nothing stored, if the key exists and `replacing` is false.
    func put(
        _ value: [UInt8], in database: SubDatabase, key: [UInt8], replacing: Bool
    ) throws -> Bool {
        let flags = replacing ? 0 : UInt32(MDB_NOOVERWRITE)
        let code = try withValue(key) { key in
            try withValue(value) { value in
                mdb_put(handle, try identifier(database), &key, &value, flags)
            }
        }
        if code == MDB_KEYEXIST, !replacing { return false }
        try check(code, "write")
        return true
    }

    /// Copies of the values from `first` on whose keys begin with `prefix` and are longer by
    /// `suffix` bytes (nil: by any number).
    func values(
        in database: SubDatabase, prefix: [UInt8], suffix: Int? = nil, from first: [UInt8]? = nil,
        limit: Int = .max
    ) throws -> [(key: [UInt8], value: [UInt8])] {
        var cursor: OpaquePointer?
        try check(mdb_cursor_open(handle, try identifier(database), &cursor), "read")
        defer { mdb_cursor_close(cursor) }
        var found: [(key: [UInt8], value: [UInt8])] = []
        var key = MDB_val()
        var value = MDB_val()
        var code = seek(cursor, first ?? prefix, &key, &value)
        while code == 0, found.count < limit {
            let bytes = Self.copy(key)
            guard bytes.starts(with: prefix) else { return found }
            if suffix == nil || bytes.count - prefix.count == suffix {
                found.append((bytes, Self.copy(value)))
            }
            code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)
        }
        if code != MDB_NOTFOUND { try check(code, "read") }
        return found
    }

    /// Moves the cursor to the first key not before `start`.
    private func seek(
        _ cursor: OpaquePointer?, _ start: [UInt8], _ key: inout MDB_val, _ value: inout MDB_val
    ) -> Int32 {
        // LMDB refuses an empty key even as the start of a range.
        guard !start.isEmpty else { return mdb_cursor_get(cursor, &key, &value, MDB_FIRST) }
        return withValue(start) { start in
            let code = mdb_cursor_get(cursor, &start, &value, MDB_SET_RANGE)
            key = start
            return code
        }
    }

    private func identifier(_ database: SubDatabase) throws -> MDB_dbi {
        guard let identifier = databases[database] else {
            throw StorageFailure(
                code: MDB_BAD_DBI, attempt: "open \(database.rawValue) of", path: path)
        }
        return identifier
    }

    private func check(_ code: Int32, _ attempt: String) throws {
        guard code == 0 else { throw StorageFailure(code: code, attempt: attempt, path: path) }
    }

    private func withValue<Result>(
        _ bytes: [UInt8], _ body: (inout MDB_val) throws -> Result
    ) rethrows -> Result {
        try bytes.withUnsafeBytes { bytes in
            var value = MDB_val(
                mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
            return try body(&value)
        }
    }

    private static func copy(_ value: MDB_val) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size))
    }
}
