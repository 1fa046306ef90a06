import KernelSpace
import WorkerProtocol

/// Runs one session from wherever its log ends to its end.
///
/// Entries take turns; when the budget is spent, each is decided. Everything a watcher is told was committed before. After a crash the
/// strategies are rebuilt by asking the same batches again and telling what the log knows; only what is missing is evaluated.
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

    /// Events read at once when a session is resumed.
    private static let eventPage = 1024

    let store: any RecordStore
    let provider: any EvaluatorProvider
    let clock: Clock
    let evaluators: EvaluatorPool
    private let control: SessionControl
    private let publish: @Sendable (Event) -> Void
    private let division: BudgetDivision

    var session: Session
    private var nextEvent = 0
    private let started: Double
    private let elapsedBefore: Double
    private let splitBefore: TimeSplit

    // Of every workload entry:
    /// Those whose start was told.
    private var announced: Set<Int> = []
    /// Searches that began.
    private var runs: [Int: EntryRun] = [:]
    /// What budgets are divided by.
    private var standings: [BudgetDivision.Entry]
    /// How many trials the log holds.
    private var logged: [Int]
    /// What they were measured under so far.
    private var environments: [Int: EnvironmentCertificate] = [:]
    /// Why an entry cannot go on: the others do.
    private var faults: [Int: String] = [:]
    /// Whose turn it is, since when, and up to when it is in `entrySeconds`.
    private var turn: (entry: Int, began: Double, charged: Double)?

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
        division = BudgetDivision(session.request)
        evaluators = EvaluatorPool(
            workload: session.request.workload, target: session.request.target, provider: provider
        ) { [id = session.id] entry, phase in
            publish(
                Event(
                    session: id, number: -1, time: clock.now(),
                    body: .progress(entry: entry, phase)))
        }
        started = clock.elapsed()
        elapsedBefore = session.elapsed
        splitBefore = session.timeSplit
        standings = zip(session.request.workload, session.entrySeconds).map {
            BudgetDivision.Entry(seconds: $1, weight: $0.weight)
        }
        logged = Array(repeating: 0, count: session.request.workload.count)
    }

    /// Runs until the session is over, or until a shutdown leaves it `running`. Throws only what the store throws.
    public func run() async throws -> Session {
        try readLog()
        let event = session.state == .queued ? Event.Body.sessionStarted : .sessionResumed
        session.state = .running
        try await commit([], event)
        do {
            do {
                try await replay()
                try await search()
                for entry in runs.keys.sorted() { try await decide(entry) }
                let fault = faults.min { $0.key < $1.key }?.value
                try await end(fault.map { .failed(message: $0) } ?? .finished)
            } catch is CancellationError {
                if case .cancel(let keep) = control.stopped {
                    try await wrapUp(keep: keep || session.request.keepOnCancel)
                    try await end(.cancelled)
                }
            }
        } catch {
            await evaluators.release()
            throw error
        }
        await evaluators.release()
        return session
    }

    // MARK: Searching

    /// Brings every entry that began to where its log ends.
    private func replay() async throws {
        for entry in announced.sorted() {
            if session.results[entry] == nil {
                try await attempt(entry) {
                    try await begin(entry)
                    try await runs[entry]?.replay(limit: limit(of: entry))
                }
                await updateStanding(of: entry)
            } else {
                for trial in try store.trials(session: session.id, entry: entry) {
                    standings[entry].curve.append(trial.evaluation.seconds)
                }
            }
        }
    }

    /// Gives out turns until the budget is spent or every entry is exhausted.
    private func search() async throws {
        while let entry = await next() {
            try await inTurn(of: entry) {
                if runs[entry] == nil { try await begin(entry) }
                try await runs[entry]?.takeTurn(limit: limit(of: entry))
            }
            await updateStanding(of: entry)
            if await runs[entry]?.isExhausted ?? false { try await decide(entry) }
        }
    }

    /// Whose turn is next; nil when the search is over.
    private func next() async -> Int? {
        let eligible = session.request.workload.indices.filter {
            session.results[$0] == nil && faults[$0] == nil && logged[$0] < limit(of: $0)
        }
        // Whatever the budget, there is a first trial of everything.
        if isSpent { return eligible.first { logged[$0] == 0 } }
        if !division.isTimed {
            for entry in eligible where await runs[entry]?.isInTurn ?? false { return entry }
        }
        return division.next(of: standings, eligible: eligible)
    }

    /// How many trials an entry may have: what the others have is gone, and each of them has one to come. With a time budget the limit
    /// is in `isSpent`: batches may not hang on what others had by chance.
    private func limit(of entry: Int) -> Int {
        guard let trials = division.trials, !division.isTimed else { return .max }
        return trials - logged.indices.reduce(0) { $1 == entry ? $0 : $0 + max(1, logged[$1]) }
    }

    /// Makes the search of an entry; tells the start if that was not done.
    private func begin(_ entry: Int) async throws {
        let (space, defaultConfiguration) = try provider.space(
            for: session.request.workload[entry], target: session.request.target)
        if !announced.contains(entry) {
            let start = try EntryStart(
                session: session, entry: entry, space: space, provider: provider, store: store)
            try await commit(start.changes, start.event)
        }
        runs[entry] = try EntryRun(
            runner: self, session: session, entry: entry, space: space,
            defaultConfiguration: defaultConfiguration, division: division)
    }

    private func updateStanding(of entry: Int) async {
        if let run = runs[entry] { standings[entry].curve = await run.curve }
        standings[entry].seconds = session.entrySeconds[entry]
    }

    /// Runs `body`; what is wrong with an entry ends that entry, and the session fails when the others are done.
    private func attempt(_ entry: Int, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as TunerError where error.code != .storage {
            faults[entry] = error.description
        } catch let error as KernelSpaceError {
            faults[entry] = error.description
        }
    }

    // MARK: Ending

    private func decide(_ entry: Int) async throws {
        guard session.results[entry] == nil, faults[entry] == nil else { return }
        try await inTurn(of: entry) { try await runs[entry]?.decide() }
    }

    /// After a cancellation: what began is told; it replaces records only if that was asked for.
    private func wrapUp(keep: Bool) async throws {
        for entry in runs.keys.sorted() where session.results[entry] == nil {
            if keep {
                // A task of its own: the comparison must not see the cancellation.
                try await Task { try await self.decide(entry) }.value
            } else {
                try await runs[entry]?.leaveUndecided()
            }
        }
    }

    private func end(_ state: Session.State) async throws {
        session.state = state
        await updateTimes()
        try commitNow([], .sessionFinished(state, session.timeSplit))
    }

    // MARK: Time

    /// Seconds of running, over all interruptions.
    private var elapsed: Double { elapsedBefore + clock.elapsed() - started }

    /// Whether the turn must end within a batch.
    var isTurnSpent: Bool {
        if let limit = division.turnSeconds, let turn, elapsed - turn.began >= limit { return true }
        return isSpent
    }

    /// Whether the search has used the session's time, or its trials before that; the final comparisons have some time left, but
    /// never more than half.
    private var isSpent: Bool {
        guard let seconds = session.request.budget.seconds else { return false }
        if let trials = division.trials, logged.reduce(0, +) >= trials { return true }
        var comparisons = 0.0
        for entry in standings.indices where session.results[entry] == nil {
            comparisons += FinalComparison.estimate(
                seconds: standings[entry].curve.seconds ?? 0, terms: session.request.acceptance)
        }
        return elapsed >= seconds - min(comparisons, seconds / 2)
    }

    private func updateTimes() async {
        var split = splitBefore
        split.add(await evaluators.timeSplit())
        session.elapsed = elapsed
        split.total = session.elapsed
        session.timeSplit = split
        charge(session.elapsed)
    }

    /// Runs what an entry does in its turn, on its time.
    private func inTurn(of entry: Int, _ body: () async throws -> Void) async throws {
        turn = (entry, elapsed, elapsed)
        try await attempt(entry, body)
        charge(elapsed)
        turn = nil
    }

    private func charge(_ elapsed: Double) {
        guard let turn else { return }
        session.entrySeconds[turn.entry] += elapsed - turn.charged
        self.turn?.charged = elapsed
    }

    // MARK: Storing and telling

    /// Stores `changes`, the session and the event in one durable commit, then publishes the event.
    func commit(_ changes: [Change], _ body: Event.Body) async throws {
        await updateTimes()
        try commitNow(changes, body)
        take(body)
    }

    /// Takes into account what was told.
    private func take(_ body: Event.Body) {
        switch body {
        case .entryStarted(let entry, _, _, _, _, _): announced.insert(entry)
        case .trial(let trial): logged[trial.entry] += 1
        case .conditions(let entry, let certificate):
            environments[entry] = EnvironmentCertificate(
                [environments[entry], certificate].compactMap(\.self))
        default: break
        }
    }

    private func commitNow(_ changes: [Change], _ body: Event.Body) throws {
        let event = Event(session: session.id, number: nextEvent, time: clock.now(), body: body)
        try store.commit(changes + [.session(session), .event(event)])
        nextEvent += 1
        publish(event)
    }

    /// Records the outcome of an entry, with its record if that changed.
    func finish(
        entry: Int, _ result: Session.Result, record: TuningRecord?,
        disproved: [Fingerprint: Evaluation] = [:]
    ) async throws {
        var result = result
        result.environment = environments[entry]
        session.results[entry] = result
        try await commit(
            disproved.map { .evaluation($0.key, $0.value) } + (record.map { [.record($0)] } ?? []),
            .entryFinished(entry: entry, result, record))
    }

    private func readLog() throws {
        while true {
            let page = try store.events(
                session: session.id, from: nextEvent, limit: Self.eventPage)
            guard let last = page.last else { return }
            for event in page { take(event.body) }
            nextEvent = last.number + 1
        }
    }
}
