import CLMDB
import Tuner

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A call of LMDB or of the system that failed: `code` is LMDB's, or errno.
struct StorageFailure: Error {
    var code: Int32
    /// What was attempted: follows "cannot".
    var attempt: String
    var path: String

    /// The same for callers of the store.
    var error: TunerError {
        let reason = String(cString: mdb_strerror(code))
        return TunerError(.storage, "cannot \(attempt) \(path): \(reason)", hint: hint)
    }

    private var hint: String? {
        switch code {
        case ENOSPC, EDQUOT, EFBIG:
            "free space on that file system and try again; all that was stored before is safe"
        case EACCES, EPERM, EROFS:
            "check the directory's owner and mode, or choose another state directory"
        case MDB_PANIC:
            "an earlier write failed midway: start tunerd again"
        case MDB_READERS_FULL:
            "too many programs read this database at once: end some"
        case MDB_INVALID, MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_VERSION_MISMATCH:
            """
            the database is damaged or not one of tunerd's: restore it from a copy, or move it away \
            to begin anew
            """
        default: nil
        }
    }
}
