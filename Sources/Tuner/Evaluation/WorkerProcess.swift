import CProcess
import Glibc
import Synchronization
import WorkerProtocol

/// One running tune-worker, with the thread that started it, talks to it and ends it.
///
/// Dropping the last reference ends the process, as `stop` does.
final class WorkerProcess: Sendable {
    /// What came of a request.
    enum Answer: Sendable {
        case reply(WorkerReply.Body)
        /// The process had ended, or had written something, before it got the request: that is not this request's doing.
        case gone(String)
        case ended(ProcessExit)
        /// It wrote something that is not the reply.
        case garbage(String)
        /// It wrote more than its folder may hold.
        case overran(String)
        case timedOut
        case cancelled
    }

    /// What to do next, and a way to wake the thread that does it.
    private final class Mailbox: Sendable {
        enum Order: Sendable {
            case ask(WorkerRequest.Body, Double, WakeUp, CheckedContinuation<Answer, Never>)
            case stop(CheckedContinuation<Void, Never>?)
        }
        let wakeUp: WakeUp
        let orders = Mutex<[Order]>([])

        init() throws(TunerError) { wakeUp = try WakeUp() }

        func add(_ order: Order) {
            orders.withLock { $0.append(order) }
            wakeUp.signal()
        }

        /// Blocks until there is one.
        func next() -> Order {
            while true {
                let order = orders.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                if let order { return order }
                wakeUp.wait()
            }
        }
    }

    private let mailbox: Mailbox

    private init(_ mailbox: Mailbox) { self.mailbox = mailbox }

    /// `folder` is removed with the process. Throws TunerError when the process cannot be started.
    static func start(_ command: ChildProcess, in folder: WorkerFolder) async throws
        -> WorkerProcess
    {
        let mailbox = try Mailbox()
        try await withCheckedThrowingContinuation { continuation in
            do {
                try DedicatedThread.start {
                    do {
                        let conversation = try Conversation(command, folder)
                        continuation.resume()
                        serve(mailbox, conversation)
                    } catch {
                        continuation.resume(throwing: error)
                    }
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
        return WorkerProcess(mailbox)
    }

    private static func serve(_ mailbox: Mailbox, _ first: consuming Conversation) {
        var conversation = first
        while true {
            switch mailbox.next() {
            case .ask(let body, let seconds, let cancellation, let continuation):
                continuation.resume(
                    returning: conversation.ask(
                        body, timeout: seconds, cancellation: cancellation))
            case .stop(let continuation):
                conversation.end()
                continuation?.resume()
                return
            }
        }
    }

    /// Sends the request and waits for its reply. After any other answer the process is dead.
    func ask(_ body: WorkerRequest.Body, timeout: Double) async throws(TunerError) -> Answer {
        let cancellation = try WakeUp()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                mailbox.add(.ask(body, timeout, cancellation, continuation))
            }
        } onCancel: {
            cancellation.signal()
        }
    }

    /// Kills the process and its group and waits until it is gone. May be called once, and nothing after it.
    func stop() async {
        await withCheckedContinuation { mailbox.add(.stop($0)) }
    }

    deinit { mailbox.add(.stop(nil)) }
}

/// The blocking side: lives on the thread that started the process.
private struct Conversation {
    private var process: SpawnedProcess?
    private var exit = ProcessExit.status(0)
    private let channel: Int32
    private let folder: WorkerFolder
    private var reader = FrameReader()

    /// Time between two looks into the folder: a disk takes less than 1 GiB in it, and the looks cost nothing that is measured.
    private static let lookMilliseconds: Int32 = 200

    /// Descriptor 3 of the child is its end of the channel.
    init(_ command: ChildProcess, _ folder: WorkerFolder) throws(TunerError) {
        var mine: Int32 = -1
        var theirs: Int32 = -1
        let error = cprocess_make_socket_pair(&mine, &theirs)
        guard error == 0 else {
            folder.remove()
            throw .descriptors("a pair of sockets", error)
        }
        defer { close(theirs) }
        do {
            process = try SpawnedProcess(command, descriptors: [nil, nil, nil, theirs])
        } catch {
            close(mine)
            folder.remove()
            throw error
        }
        self.folder = folder
        channel = mine
        _ = fcntl(mine, F_SETFL, O_NONBLOCK)
    }

    mutating func end() {
        kill()
        close(channel)
        folder.remove()
    }

    private mutating func kill() {
        if let process { exit = process.killAndReap() }
        process = nil
    }

    mutating func ask(_ body: WorkerRequest.Body, timeout: Double, cancellation: WakeUp)
        -> WorkerProcess.Answer
    {
        let deadline = Deadline(seconds: timeout)
        if let reason = whyUnusable() {
            kill()
            return .gone(reason)
        }
        let answer = exchange(body, deadline, cancellation)
        if case .reply = answer { return answer }
        kill()
        // A worker that ended by itself while it was being talked to.
        if case .ended = answer { return .ended(exit) }
        return answer
    }

    private mutating func whyUnusable() -> String? {
        guard let process else { return "the worker has ended" }
        var events = [
            pollfd(fd: process.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: channel, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&events, 2, 0) != 0 else { return nil }
        return events[0].revents != 0
            ? "the worker ended between requests" : "the worker wrote without being asked"
    }

    private mutating func exchange(
        _ body: WorkerRequest.Body, _ deadline: Deadline, _ cancellation: WakeUp
    ) -> WorkerProcess.Answer {
        let request = WorkerRequest(nonce: UInt64.random(in: .min ... .max), body: body)
        var unsent: [UInt8]
        do {
            unsent = try FrameCodec.encode(request)
        } catch {
            return .gone("the request could not be encoded: \(error)")
        }
        while true {
            let wanted = Int16(POLLIN) | (unsent.isEmpty ? 0 : Int16(POLLOUT))
            var events = [
                pollfd(fd: channel, events: wanted, revents: 0),
                pollfd(fd: cancellation.descriptor, events: Int16(POLLIN), revents: 0),
                // −1 is left out of a poll. Its end closes the channel too, unless it left a child behind that holds it.
                pollfd(fd: process?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            let wait = min(deadline.millisecondsLeft, Self.lookMilliseconds)
            let ready = poll(&events, nfds_t(events.count), wait)
            if events[1].revents != 0 { return .cancelled }
            if ready == 0 && deadline.hasPassed { return .timedOut }
            if ready == 0, let overrun = folder.overrun { return .overran(overrun) }
            if events[0].revents & Int16(POLLOUT) != 0 { send(&unsent) }
            let isOpen = receive()
            do {
                if let reply = try reader.next(WorkerReply.self) { return check(reply, request) }
            } catch {
                return .garbage("\(error)")
            }
            if events[2].revents != 0 { return .ended(exit) }
            if !isOpen { return closedChannel() }
        }
    }

    /// A process that ends closes its descriptors a moment before it can be waited for; one that lives on did it on purpose.
    /// The wait stays below a call's least time, after which the worker would end by itself.
    private func closedChannel() -> WorkerProcess.Answer {
        var event = pollfd(fd: process?.descriptor ?? -1, events: Int16(POLLIN), revents: 0)
        return poll(&event, 1, 500) > 0 ? .ended(exit) : .garbage("it was closed")
    }

    private func send(_ unsent: inout [UInt8]) {
        // MSG_NOSIGNAL: a worker that is gone shows as the end of the channel, not as SIGPIPE.
        let count = Glibc.send(channel, unsent, unsent.count, Int32(MSG_NOSIGNAL))
        if count > 0 { unsent.removeFirst(count) }
    }

    /// Reads what is there; false at the end.
    private mutating func receive() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        // Bounded: a kernel that writes without end is garbage after the first piece.
        for _ in 0..<16 {
            let count = read(channel, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN { return true }
            guard count > 0 else { return false }
            reader.append(chunk.prefix(count))
        }
        return true
    }

    private func check(_ reply: WorkerReply, _ request: WorkerRequest) -> WorkerProcess.Answer {
        guard reply.nonce == request.nonce else {
            return .garbage("a reply with another request's number")
        }
        guard reader.pendingCount == 0 else { return .garbage("more than one reply") }
        return .reply(reply.body)
    }
}
