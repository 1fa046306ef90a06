import CProcess
import Glibc

/// A command and what it may use.
package struct ChildProcess: Sendable {
    /// Path of the executable; PATH is not searched.
    package var executable: String
    package var arguments: [String]
    /// The whole environment: nothing is inherited.
    package var environment: [String: String]
    package var workingDirectory: String?
    package var limits: ProcessLimits
    /// What it may touch; nil: what its user may.
    package var sandbox: Sandbox?

    package init(
        executable: String, arguments: [String], environment: [String: String],
        workingDirectory: String? = nil, limits: ProcessLimits = ProcessLimits(),
        sandbox: Sandbox? = nil
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.limits = limits
        self.sandbox = sandbox
    }

    /// What a command that ended, or was ended, left.
    package struct Completion: Sendable {
        package var exit: ProcessExit
        /// True when it was killed because its time was up; `exit` is then SIGKILL, most often.
        package var timedOut: Bool
        /// What it wrote, each at most the limit of `run`; the rest was read and dropped.
        package var output: [UInt8]
        package var errors: [UInt8]
    }

    /// Runs the command to its end with an empty standard input; after `timeout` seconds, or when the task is cancelled, its
    /// whole group is killed. Processes that it left in its group are killed as well.
    ///
    /// Throws TunerError if it cannot be started, CancellationError if the task was cancelled.
    package func run(timeout: Double, outputLimit: Int = 1 << 20) async throws -> Completion {
        let cancellation = try WakeUp()
        let completion = try await withTaskCancellationHandler {
            try await DedicatedThread.run {
                try runBlocking(
                    timeout: timeout, outputLimit: outputLimit, cancellation: cancellation)
            }
        } onCancel: {
            cancellation.signal()
        }
        try Task.checkCancellation()
        return completion
    }

    private func runBlocking(timeout: Double, outputLimit: Int, cancellation: WakeUp) throws
        -> Completion
    {
        var output = try PipeReader(limit: outputLimit)
        var errors: PipeReader
        do {
            errors = try PipeReader(limit: outputLimit)
        } catch {
            output.closeAll()
            throw error
        }
        defer {
            output.closeAll()
            errors.closeAll()
        }
        let process = try SpawnedProcess(
            self, descriptors: [nil, output.writer, errors.writer])
        output.closeWriter()
        errors.closeWriter()
        let deadline = Deadline(seconds: timeout)
        var timedOut = false
        wait: while true {
            var events = [
                process.descriptor, cancellation.descriptor, output.reader, errors.reader,
            ]
            .map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            let ready = poll(&events, nfds_t(events.count), deadline.millisecondsLeft)
            if ready == 0 && deadline.hasPassed {
                timedOut = true
                break wait
            }
            if events[2].revents != 0 { output.readAvailable() }
            if events[3].revents != 0 { errors.readAvailable() }
            if events[0].revents != 0 || events[1].revents != 0 { break wait }
        }
        let exit = process.killAndReap()
        // The group is dead: what is still in the pipes is all there will be.
        output.readAvailable()
        errors.readAvailable()
        return Completion(
            exit: exit, timedOut: timedOut, output: output.bytes, errors: errors.bytes)
    }
}

/// Wakes a thread that polls, from any other.
final class WakeUp: Sendable {
    let descriptor: Int32

    init() throws(TunerError) {
        descriptor = cprocess_make_event()
        guard descriptor >= 0 else { throw .descriptors("an event", errno) }
    }

    func signal() {
        var one: UInt64 = 1
        // Full means that it is signalled already.
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Blocks until it is signalled; then it can be signalled again.
    func wait() {
        var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&event, 1, -1)
        var count: UInt64 = 0
        _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
    }

    deinit { close(descriptor) }
}

/// A point in monotonic time.
struct Deadline {
    private let end: Double

    init(seconds: Double) { end = Self.now + seconds }

    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    var hasPassed: Bool { Self.now >= end }

    /// For `poll`: rounded up, so that a wait ends after the deadline and not just before it.
    var millisecondsLeft: Int32 {
        Int32(min(max((end - Self.now) * 1000, 0).rounded(.up), 1e9))
    }
}

/// One pipe from a child: keeps the first bytes, drops the rest.
private struct PipeReader {
    private(set) var reader: Int32 = -1
    private(set) var writer: Int32 = -1
    private(set) var bytes: [UInt8] = []
    private let limit: Int

    init(limit: Int) throws(TunerError) {
        self.limit = limit
        let error = cprocess_make_pipe(&reader, &writer)
        guard error == 0 else { throw .descriptors("a pipe", error) }
        // Reading all there is must not wait for more.
        _ = fcntl(reader, F_SETFL, O_NONBLOCK)
    }

    /// Reads what a full pipe holds and a little more, not for ever: a child that never stops writing must not hide its deadline.
    mutating func readAvailable() {
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        for _ in 0..<16 where reader >= 0 {
            let count = read(reader, &chunk, chunk.count)
            if count > 0 {
                bytes.append(contentsOf: chunk.prefix(min(count, limit - bytes.count)))
            } else if count < 0 && errno == EINTR {
                continue
            } else {
                // At the end of the file `poll` would report this descriptor for ever.
                if count == 0 {
                    close(reader)
                    reader = -1
                }
                return
            }
        }
    }

    mutating func closeWriter() {
        if writer >= 0 { close(writer) }
        writer = -1
    }

    mutating func closeAll() {
        closeWriter()
        if reader >= 0 { close(reader) }
        reader = -1
    }
}

extension TunerError {
    static func descriptors(_ what: String, _ error: Int32) -> TunerError {
        TunerError(
            .internal, "could not make \(what): \(String(cString: strerror(error)))",
            hint: error == EMFILE || error == ENFILE ? "raise the limit of open files" : nil)
    }
}
