import Logging
import Tuner

/// Owns the queue: one session runs, the others wait in order of their creation.
package actor Scheduler {
    /// Sessions that may wait.
    package static let queueLimit = 256

    /// The session that runs, and how to stop it.
    private struct Running {
        let id: String
        let control: SessionControl
        let task: Task<Void, Never>

        func stop(_ reason: SessionControl.Stop) {
            control.stop(reason)
            task.cancel()
        }
    }

    private let store: any RecordStore
    private let provider: any EvaluatorProvider
    private let clock: SessionRunner.Clock
    private let publish: @Sendable (Event) -> Void
    private let identifiers: SessionIdentifiers
    private let log: Logger
    private let statusChanged: @Sendable (String) -> Void

    private var queue: [String]
    private var running: Running?
    private var isStopping = false
    private let (wakes, waker) = AsyncStream.makeStream(
        of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// Takes over what `store` has unfinished, if `resumes`: first what was running, then what was queued.
    /// `publish` gets every event once it is stored, and what is going on meanwhile; `statusChanged`
    /// a line for the service manager.
    package init(
        store: any RecordStore, provider: any EvaluatorProvider, clock: SessionRunner.Clock,
        log: Logger, resumes: Bool = true, publish: @escaping @Sendable (Event) -> Void,
        statusChanged: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        let sessions = try store.sessions()
        self.store = store
        self.provider = provider
        self.clock = clock
        self.publish = publish
        self.log = log
        self.statusChanged = statusChanged
        identifiers = SessionIdentifiers(after: sessions.last?.id)
        let unfinished =
            sessions.filter { $0.state == .running } + sessions.filter { $0.state == .queued }
        queue = resumes ? unfinished.map(\.id) : []
        if !queue.isEmpty {
            let count = queue.count
            log.notice("taking up \(count) unfinished sessions")
        }
    }

    /// The session that runs and those that wait.
    package var state: (running: String?, queued: [String]) { (running?.id, queue) }

    // MARK: - Requests

    /// Stores a session and queues it. The request has been validated.
    package func submit(_ request: SessionRequest) throws -> Session {
        guard !isStopping else {
            throw TunerError(.busy, "cannot start a session: tunerd is stopping")
        }
        guard queue.count < Self.queueLimit else {
            throw TunerError(
                .busy, "cannot start a session: \(queue.count) wait already",
                hint: "wait for some to end, or cancel some")
        }
        let time = clock.now()
        let session = Session(id: identifiers.next(at: time), request: request, created: time)
        try store.commit([.session(session)])
        queue.append(session.id)
        log.info("session queued", metadata: ["session": "\(session.id)"])
        waker.yield()
        return session
    }

    /// Ends a session for good; one that runs ends after its current sample, so the answer may still
    /// say running. Throws `.notFound`, or `.conflict` when it is over.
    package func cancel(_ id: String, keep: Bool) throws -> Session {
        guard let session = try store.session(id: id) else {
            throw TunerError(.notFound, "there is no session \(id)", hint: "see tunectl sessions")
        }
        if let running, running.id == id {
            log.info("session is being cancelled", metadata: ["session": "\(id)"])
            running.stop(.cancel(keep: keep))
            return session
        }
        guard !session.state.isOver else {
            throw TunerError(
                .conflict, "cannot cancel session \(id): it is \(session.state.name) already")
        }
        let ended = try end(session, as: .cancelled)
        queue.removeAll { $0 == id }
        log.info("queued session cancelled", metadata: ["session": "\(id)"])
        return ended
    }

    /// Lets the running session stop at a sample's boundary, to be resumed by the next daemon.
    package func shutDown() {
        isStopping = true
        running?.stop(.shutdown)
        waker.yield()
    }

    // MARK: - Running

    /// Runs sessions until `shutDown`.
    package func run() async {
        var iterator = wakes.makeAsyncIterator()
        while !isStopping {
            if queue.isEmpty {
                statusChanged("waiting for sessions")
                guard await iterator.next(isolation: self) != nil else { return }
            } else {
                await runSession(queue.removeFirst())
            }
        }
    }

    private func runSession(_ id: String) async {
        let control = SessionControl()
        let task = Task { await self.runSession(id, control) }
        running = Running(id: id, control: control, task: task)
        await task.value
        running = nil
    }

    private func runSession(_ id: String, _ control: SessionControl) async {
        do {
            guard let session = try store.session(id: id), !session.state.isOver else { return }
            let what =
                "\(Self.list(session.request.workload.map(\.kernel))) for \(session.request.target)"
            log.info("session started: \(what)", metadata: ["session": "\(id)"])
            statusChanged("tuning \(what) (\(id)), \(queue.count) waiting")
            let runner = SessionRunner(
                session: session, store: store, provider: provider, clock: clock,
                control: control, publish: publish)
            logEnd(of: try await runner.run())
        } catch let error as TunerError where error.code == .storage {
            // Nothing more can be stored of it now; the next daemon resumes it.
            log.error("session interrupted: \(error)", metadata: ["session": "\(id)"])
        } catch {
            fail(id, because: error)
        }
    }

    private func logEnd(of session: Session) {
        let metadata: Logger.Metadata = ["session": "\(session.id)"]
        switch session.state {
        case .queued, .running:
            log.notice("session interrupted; it will be resumed", metadata: metadata)
        case .finished, .cancelled: log.info("session \(session.state.name)", metadata: metadata)
        case .failed(let message): log.error("session failed: \(message)", metadata: metadata)
        }
    }

    /// Stores that a session failed, unless it is over already.
    private func fail(_ id: String, because error: any Error) {
        log.error("session failed: \(error)", metadata: ["session": "\(id)"])
        do {
            guard let session = try store.session(id: id), !session.state.isOver else { return }
            _ = try end(session, as: .failed(message: "\(error)"))
        } catch {
            // The next daemon finds it unfinished and tries again.
            log.error(
                "the failure could not be stored: \(error)", metadata: ["session": "\(id)"])
        }
    }

    /// Stores a session's end with the event that tells it.
    private func end(_ session: Session, as state: Session.State) throws -> Session {
        var session = session
        session.state = state
        let event = Event(
            session: session.id, number: try nextEvent(of: session.id), time: clock.now(),
            body: .sessionFinished(state, session.timeSplit))
        try store.commit([.session(session), .event(event)])
        publish(event)
        return session
    }

    private func nextEvent(of session: String) throws -> Int {
        var next = 0
        while let last = try store.events(session: session, from: next, limit: 1_000).last {
            next = last.number + 1
        }
        return next
    }

    /// `sgemm, dot` without repetitions.
    private static func list(_ names: [String]) -> String {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }.joined(separator: ", ")
    }
}
