import KernelSpace
import WorkerProtocol

/// Runs one session from wherever its log ends to its end.
///
/// Everything a watcher is told was committed before. After a crash the strategies are rebuilt by asking the same batches again and
/// telling what the log knows; only what is missing is evaluated.
public actor SessionRunner {
    /// What the runner reads from the world.
    public struct Clock: Sendable {
        /// Seconds that never go back.
        public var elapsed: @Sendable () -> Double
        /// Seconds since 1970.
        public var now: @Sendable () -> Double

        public init(
            elapsed: @escaping @Sendable () -> Double, now: @escaping @Sendable () -> Double
        ) {
            self.elapsed = elapsed
            self.now = now
        }
    }

    /// Rounds of the final comparison. When one sample in ten is disturbed, 17 rounds find a difference of 5 % in four of five cases, 31 in
    /// nearly all.
    static let comparisonRounds = 31
    /// How many of the session's best take part in it, besides the default and the incumbent.
    static let finalistCount = 5
    /// Events read at once when a session is resumed.
    private static let eventPage = 1024

    let store: any RecordStore
    let provider: any EvaluatorProvider
    let clock: Clock
    let control: SessionControl
    private let publish: @Sendable (Event) -> Void

    var session: Session
    private var nextEvent = 0
    private var announced: Set<Int> = []
    private let started: Double
    private let elapsedBefore: Double
    private let splitBefore: TimeSplit
    /// Time of the evaluators that are finished; the current one's is added.
    private var splitOfFinished = TimeSplit()
    private var current: (any Evaluator)?

    public init(
        session: Session, store: any RecordStore, provider: any EvaluatorProvider, clock: Clock,
        control: SessionControl, publish: @escaping @Sendable (Event) -> Void
    ) {
        self.session = session
        self.store = store
        self.provider = provider
        self.clock = clock
        self.control = control
        self.publish = publish
        started = clock.elapsed()
        elapsedBefore = session.elapsed
        splitBefore = session.timeSplit
    }

    /// Runs until the session is over, or until a shutdown leaves it `running`. Throws only what the store throws.
    public func run() async throws -> Session {
        try readEvents()
        let event = session.state == .queued ? Event.Body.sessionStarted : .sessionResumed
        session.state = .running
        try await commit([], event)
        do {
            for entry in session.request.workload.indices where session.results[entry] == nil {
                try await run(entry: entry)
            }
            try await end(.finished)
        } catch let error as TunerError where error.code == .storage {
            throw error
        } catch let error as TunerError {
            try await end(.failed(message: error.description))
        } catch let error as KernelSpaceError {
            try await end(.failed(message: error.description))
        } catch is CancellationError {
            guard case .cancel = control.stopped else { return session }
            try await end(.cancelled)
        }
        return session
    }

    private func run(entry: Int) async throws {
        let item = session.request.workload[entry]
        let target = session.request.target
        let progress: @Sendable (EvaluationPhase) -> Void = { [publish, clock, id = session.id] in
            publish(
                Event(
                    session: id, number: -1, time: clock.now(),
                    body: .progress(entry: entry, $0)))
        }
        let (space, defaultConfiguration) = try provider.space(for: item, target: target)
        let evaluator = try await provider.evaluator(for: item, target: target, progress: progress)
        current = evaluator
        var failure: (any Error)?
        do {
            if !announced.contains(entry) {
                session.entryBegan = elapsed
                try await start(entry: entry, space: space)
            }
            let run = EntryRun(
                runner: self, entry: entry, space: space, evaluator: evaluator,
                defaultConfiguration: defaultConfiguration)
            try await run.run()
        } catch {
            failure = error
        }
        splitOfFinished.add(await evaluator.timeSplit())
        current = nil
        await evaluator.finish()
        if let failure { throw failure }
    }

    /// Takes the priors down with the start: resumed, the entry has the same again, whatever the store has learnt meanwhile.
    private func start(entry: Int, space: SearchSpace) async throws {
        let item = session.request.workload[entry]
        let facts = try provider.facts(about: item)
        let log = TrialLog(
            session: session.id, entry: entry,
            key: try provider.recordKey(for: item, target: session.request.target),
            problem: item.problem, deviceName: facts.device.brand, compiler: facts.compiler)
        let search = PriorSearch(log: log, parameters: Set(space.parameters.map(\.name)))
        let priors = session.request.priors ? try search.priors(in: store) : []
        try await commit(
            [.trialLog(log), .priors(priors, session: session.id, entry: entry)],
            .entryStarted(
                entry: entry, space: Int(clamping: space.count), figure: facts.figure,
                flops: facts.flops, bytes: facts.bytes, earlier: EarlierTrials(priors)))
    }

    private func end(_ state: Session.State) async throws {
        session.state = state
        await updateTimes()
        try commitNow([], .sessionFinished(state, session.timeSplit))
    }

    // MARK: Time

    /// Seconds of running, over all interruptions.
    var elapsed: Double { elapsedBefore + clock.elapsed() - started }

    /// When the current entry's share of the time budget is used up, in `elapsed` seconds; nil without a time budget.
    var deadline: Double? {
        guard let seconds = session.request.budget.seconds else { return nil }
        let began = session.entryBegan ?? 0
        let left = session.results.count { $0 == nil }
        return began + max(0, seconds - began) / Double(max(1, left))
    }

    private func updateTimes() async {
        var split = splitBefore
        split.add(splitOfFinished)
        if let current { split.add(await current.timeSplit()) }
        session.elapsed = elapsed
        split.total = session.elapsed
        session.timeSplit = split
    }

    // MARK: Storing and telling

    /// Stores `changes`, the session and the event in one durable commit, then publishes the event.
    func commit(_ changes: [Change], _ body: Event.Body) async throws {
        await updateTimes()
        try commitNow(changes, body)
    }

    private func commitNow(_ changes: [Change], _ body: Event.Body) throws {
        let event = Event(session: session.id, number: nextEvent, time: clock.now(), body: body)
        try store.commit(changes + [.session(session), .event(event)])
        nextEvent += 1
        publish(event)
    }

    /// Records the outcome of an entry, with its record if that changed.
    func finish(entry: Int, _ result: Session.Result, record: TuningRecord?) async throws {
        session.results[entry] = result
        try await commit(
            record.map { [.record($0)] } ?? [],
            .entryFinished(entry: entry, result, record))
    }

    private func readEvents() throws {
        while true {
            let page = try store.events(
                session: session.id, from: nextEvent, limit: Self.eventPage)
            guard let last = page.last else { return }
            for case .entryStarted(let entry, _, _, _, _, _) in page.map(\.body) {
                announced.insert(entry)
            }
            nextEvent = last.number + 1
        }
    }
}

extension TimeSplit {
    /// Adds the parts that an evaluator knows; the total is the session's own.
    mutating func add(_ other: TimeSplit) {
        compile += other.compile
        verify += other.verify
        measure += other.measure
    }
}
