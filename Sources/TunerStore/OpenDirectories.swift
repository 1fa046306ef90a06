import Synchronization
import Tuner

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The databases that this process has open.
///
/// LMDB must not open one twice in a process: closing the second drops the first's file locks. So
/// each is claimed here, by device and inode, whatever path leads to it.
enum OpenDirectories {
    struct Claim: Hashable, Sendable {
        fileprivate var device: UInt64
        fileprivate var inode: UInt64
    }
    private static let claims = Mutex<Set<Claim>>([])

    /// Throws `.busy` if this process has it open, `.storage` if it cannot be examined.
    static func claim(_ path: String) throws -> Claim {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw StorageFailure(code: errno, attempt: "open", path: path).error
        }
        let claim = Claim(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        guard claims.withLock({ $0.insert(claim).inserted }) else {
            throw TunerError(
                .busy, "cannot open \(path): this process has it open already",
                hint: "use the store that is open, or let go of it first")
        }
        return claim
    }

    static func release(_ claim: Claim) { _ = claims.withLock { $0.remove(claim) } }
}
