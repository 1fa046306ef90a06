#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Keeps measurements undisturbed, on the whole host: whoever measures is alone, and whoever compiles waits until nobody measures.
///
/// A `flock` on one file: it ends with the process that holds it, however that ends. Every acquisition opens the file anew, so that it
/// also holds between tasks of one process.
public struct MeasuringLock: Sendable {
    /// What the lock is held for.
    public enum Use: Sendable {
        /// Alone.
        case measuring
        /// Together with others that compile.
        case compiling
    }

    /// Who measures now.
    public struct Holder: Hashable, Codable, Sendable {
        /// The daemon's process number.
        public var process: Int32
        /// What it measures, as `sgemm m=512,n=512,k=512`.
        public var activity: String
    }

    /// The file that is locked.
    public let path: String

    /// Pause between two attempts: short beside one evaluation, long beside one attempt.
    private static let pause = Duration.milliseconds(5)

    /// A lock on a file of one's own choice, made at first use: for tests; daemons share `forHost`.
    public init(path: String) { self.path = path }

    /// The file that every daemon of this host agrees on: in /run/lock if it exists there or can be made there, else in /tmp.
    public static func forHost() -> MeasuringLock {
        let shared = "/run/lock/tunerd.measuring.lock"
        let file = openFile(shared)
        guard file >= 0 else { return MeasuringLock(path: "/tmp/tunerd.measuring.lock") }
        close(file)
        return MeasuringLock(path: shared)
    }

    /// Runs `body` under the lock; waits for it until the task is cancelled.
    /// Throws `.storage` when the file cannot be opened, CancellationError, and what `body` throws.
    public func whileHolding<Result>(
        for use: Use, _ activity: String, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> sending Result
    ) async throws -> sending Result {
        let file = Self.openFile(path)
        guard file >= 0 else {
            throw TunerError(
                .storage,
                "cannot open the measuring lock \(path): \(String(cString: strerror(errno)))",
                hint: "another user's file may be in the way")
        }
        defer { close(file) }
        let operation = use == .measuring ? LOCK_EX : LOCK_SH
        while flock(file, operation | LOCK_NB) != 0 {
            try await Task.sleep(for: Self.pause)
        }
        if use == .measuring { Self.write("\(getpid()) \(activity)", to: file) }
        return try await body()
    }

    /// Who measures now; nil when nobody does.
    public func holder() -> Holder? {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        // The text outlives its writer; only the lock itself says whether it still holds.
        guard flock(file, LOCK_SH | LOCK_NB) != 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = pread(file, &bytes, bytes.count, 0)
        let text = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
        let parts = text.split(separator: " ", maxSplits: 1)
        guard let first = parts.first, let process = Int32(first) else { return nil }
        return Holder(process: process, activity: parts.count > 1 ? String(parts[1]) : "")
    }

    /// Opens the file for every user of the host, making it if need be; −1 and errno if that fails.
    private static func openFile(_ path: String) -> Int32 {
        // Without O_CREAT first: in a sticky folder the kernel refuses O_CREAT on another user's file.
        let existing = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC)
        if existing >= 0 || errno != ENOENT { return existing }
        let made = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
        if made >= 0 {
            // The umask must not shut other users out.
            fchmod(made, 0o666)
            return made
        }
        return errno == EEXIST ? open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC) : made
    }

    private static func write(_ text: String, to file: Int32) {
        ftruncate(file, 0)
        var text = text
        _ = text.withUTF8 { pwrite(file, $0.baseAddress, $0.count, 0) }
    }
}
