import Glibc

/// A thread of its own for calls that block, so that the cooperative pool's few threads never do.
///
/// A child must also be started from a thread that outlives it, because the kernel kills it when that thread ends.
enum DedicatedThread {
    /// `poll` and the calls around it need little; swiftc's driver is another process.
    private static let stackBytes = 256 << 10

    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs `body` on a new, detached thread. Throws TunerError when the system has no thread to give.
    static func start(_ body: @escaping @Sendable () -> Void) throws {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackBytes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let work = Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        let error = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        guard error == 0 else {
            work.release()
            throw TunerError(
                .internal, "could not start a thread: \(String(cString: strerror(error)))",
                hint: "the system's limit of threads or memory is reached")
        }
    }

    /// Runs `body` on a new thread and returns what it returns.
    static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws
        -> Value
    {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try start { continuation.resume(with: Result { try body() }) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}
