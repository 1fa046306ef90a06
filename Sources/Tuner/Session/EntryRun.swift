import KernelSpace
import WorkerProtocol

/// Searches one entry of a session's workload, turn by turn.
///
/// A turn is one or more batches; where it ends hangs on the entry's own log only, so that a log can be replayed alone.
actor EntryRun {
    /// The budget or the turn's time ran out within a batch.
    private struct BrokenOff: Error {}

    private let runner: SessionRunner
    private let session: String
    private let entry: Int
    private let space: SearchSpace
    private let defaultConfiguration: Configuration?
    private let division: BudgetDivision
    private var strategy: any Strategy
    /// By trial number: what the log holds.
    private var trials: [Int: Trial] = [:]
    /// Of the trials that the strategy was told.
    private(set) var curve = LearningCurve()
    /// Asked and not yet told.
    private var asked: [SearchSpace.Number] = []
    /// How many configurations are asked at once in this turn, and how many trials the entry has when it is over.
    private var size = 0
    private var goal = 0
    /// Whether there is nothing left to ask.
    private(set) var isExhausted = false

    init(
        runner: SessionRunner, session: Session, entry: Int, space: SearchSpace,
        defaultConfiguration: Configuration?, division: BudgetDivision
    ) throws {
        self.runner = runner
        self.session = session.id
        self.entry = entry
        self.space = space
        self.defaultConfiguration = defaultConfiguration
        self.division = division
        let request = session.request
        let (description, options) = try StrategyDescription.parse(request.strategy)
        strategy = description.make(
            SearchTask(
                space: space, seed: request.seed &+ UInt64(entry),
                priors: try runner.store.priors(session: session.id, entry: entry),
                options: options))
        for trial in try runner.store.trials(session: session.id, entry: entry) {
            trials[trial.number] = trial
        }
        if let first = defaultConfiguration.flatMap({ space.number(of: $0) }) { asked = [first] }
    }

    /// Whether a turn began that is not over: the entry goes on before anybody else's turn.
    var isInTurn: Bool { curve.trials < goal && !isExhausted }

    /// All trials, in order.
    var log: [Trial] { trials.values.sorted { $0.number < $1.number } }

    // MARK: Turns

    /// Goes through the log again, as far as it goes; the next turn ends the turn that it stops in.
    /// `limit` is how many trials the entry may have.
    func replay(limit: Int) async throws {
        repeat {
            beginTurn()
            try await advance(limit: limit, within: trials.count)
        } while !isInTurn && curve.trials < trials.count
    }

    /// Evaluates until the turn is over or broken off; goes on with one that was broken off.
    func takeTurn(limit: Int) async throws {
        if !isInTurn { beginTurn() }
        do {
            try await advance(limit: limit, within: .max)
        } catch is BrokenOff {
            _ = try await certify()
        }
    }

    private func beginTurn() {
        // The default comes on top of the first turn.
        size = division.turn(after: curve.trials)
        goal = curve.trials + asked.count + size
    }

    /// Asks, evaluates and tells while there are batches that end within `end` trials.
    private func advance(limit: Int, within end: Int) async throws {
        while isInTurn {
            if asked.isEmpty {
                let room = limit - curve.trials
                guard room > 0 else {
                    goal = curve.trials
                    return
                }
                asked = strategy.ask(min(size, room))
                isExhausted = asked.isEmpty
            }
            guard !isExhausted, curve.trials + asked.count <= end else { return }
            try await evaluate(asked, from: curve.trials)
            tell()
        }
    }

    private func tell() {
        let told = asked.enumerated().map {
            Told(
                configuration: $1,
                seconds: trials[curve.trials + $0]?.evaluation.seconds)
        }
        strategy.tell(told)
        for outcome in told { curve.append(outcome.seconds) }
        asked = []
    }

    // MARK: Evaluating

    /// Makes sure that trials `first` … hold the batch: what the log lacks is taken from the store or evaluated.
    private func evaluate(_ batch: [SearchSpace.Number], from first: Int) async throws {
        var missing: [(number: Int, configuration: Configuration)] = []
        for (offset, point) in batch.enumerated() {
            let configuration = space[point]
            if let logged = trials[first + offset] {
                guard logged.configuration == configuration else {
                    throw TunerError(
                        .conflict,
                        """
                        session \(logged.session) cannot go on: trial \(logged.number) of its log is \
                        \(logged.configuration), but the search now asks for \(configuration)
                        """,
                        hint: "the kernel's search space changed meanwhile; start a new session")
                }
            } else {
                missing.append((first + offset, configuration))
            }
        }
        guard !missing.isEmpty else { return }
        try await checkBudget()
        let evaluator = try await runner.evaluators.evaluator(of: entry)
        var unknown: [(number: Int, configuration: Configuration)] = []
        for item in missing {
            try await checkBudget()
            let key = evaluator.key(of: item.configuration)
            if let known = try runner.store.evaluation(for: key) {
                try await commit(item.number, item.configuration, key, known, reused: true)
            } else {
                unknown.append(item)
            }
        }
        guard !unknown.isEmpty else { return }
        try await checkBudget()
        let items = unknown
        try await evaluator.evaluate(items.map(\.configuration), standing: standing) {
            first, evaluations in
            for ((number, configuration), evaluation) in zip(items[first...], evaluations) {
                let key = evaluator.key(of: configuration)
                try await self.commit(number, configuration, key, evaluation, reused: false)
            }
            try await self.checkBudget()
        }
        _ = try await certify()
    }

    /// Tells what was measured under since this was last told.
    private func certify() async throws -> EnvironmentCertificate? {
        guard let certificate = await runner.evaluators.takeCertificate(of: entry) else {
            return nil
        }
        try await runner.commit([], .conditions(entry: entry, certificate))
        return certificate
    }

    /// Times are compared with the first one: the default's, unless it failed.
    private var standing: SearchStanding {
        let measured = trials.values.compactMap { trial in
            trial.evaluation.seconds.map { (trial: trial, seconds: $0) }
        }
        let first = measured.min { $0.trial.number < $1.trial.number }
        return SearchStanding(
            best: measured.map(\.seconds).min(),
            reference: first.map {
                .init(configuration: $0.trial.configuration, seconds: $0.seconds)
            })
    }

    private func commit(
        _ number: Int, _ configuration: Configuration, _ key: Fingerprint,
        _ evaluation: Evaluation, reused: Bool
    ) async throws {
        let trial = Trial(
            session: session, entry: entry, number: number, configuration: configuration,
            evaluationKey: key, evaluation: evaluation, reused: reused)
        var changes = [Change.trial(trial)]
        // What might come out otherwise the next time is not remembered beyond this session; nor is how slow something roughly is.
        if !reused, evaluation.failure?.isDeterministic ?? !evaluation.isGivenUp {
            changes.append(.evaluation(key, evaluation))
        }
        try await runner.commit(changes, .trial(trial))
        trials[number] = trial
    }

    /// What is spent ends the turn, but never before the first trial is known.
    private func checkBudget() async throws {
        try Task.checkCancellation()
        if trials[0] != nil, await runner.isTurnSpent { throw BrokenOff() }
    }

    // MARK: Deciding

    /// Measures the finalists against each other and replaces the record if there is a winner.
    func decide() async throws {
        var outcome = try await comparison().outcome(
            runner.evaluators, runner.provider, runner.store, now: runner.clock.now())
        // Told of a record that stays too.
        let environment = try await certify()
        outcome.record?.environment = environment
        try await runner.finish(
            entry: entry, outcome.result, record: outcome.record, disproved: outcome.disproved)
    }

    /// Tells the best so far and leaves the record as it is.
    func leaveUndecided() async throws {
        _ = try await certify()
        try await runner.finish(
            entry: entry, await comparison().result(.undecided), record: nil)
    }

    private func comparison() async -> FinalComparison {
        FinalComparison(
            session: await runner.session, entry: entry, space: space,
            defaultConfiguration: defaultConfiguration, trials: log)
    }
}
