import KernelSpace
import WorkerProtocol

/// Tunes one entry of a session's workload: default, batches, final comparison, record.
actor EntryRun {
    /// A configuration with what the final comparison measured of it.
    private struct Finalist {
        let configuration: Configuration
        let measurement: Measurement
    }

    /// The time budget ran out within a batch.
    private struct BudgetSpent: Error {}

    private let runner: SessionRunner
    private let entry: Int
    private let space: SearchSpace
    private let evaluator: any Evaluator
    private let defaultConfiguration: Configuration?
    /// By trial number: what the log holds.
    private var trials: [Int: Trial] = [:]

    init(
        runner: SessionRunner, entry: Int, space: SearchSpace, evaluator: any Evaluator,
        defaultConfiguration: Configuration?
    ) {
        self.runner = runner
        self.entry = entry
        self.space = space
        self.evaluator = evaluator
        self.defaultConfiguration = defaultConfiguration
    }

    func run() async throws {
        let session = await runner.session
        for trial in try runner.store.trials(session: session.id, entry: entry) {
            trials[trial.number] = trial
        }
        do {
            try await search(session.request)
            try await decide(session)
        } catch is CancellationError {
            try await wrapUp(session)
        }
    }

    // MARK: Searching

    private func search(_ request: SessionRequest) async throws {
        let limit = request.budget.trials ?? .max
        var strategy = try StrategyDescription.named(request.strategy)
            .make(
                SearchTask(
                    space: space, seed: request.seed &+ UInt64(entry),
                    priors: try runner.store.priors(
                        session: await runner.session.id, entry: entry)))
        var number = 0
        let first = defaultConfiguration.flatMap { space.number(of: $0) }
        var batch = first.map { [$0] } ?? strategy.ask(min(max(1, request.batch), limit))
        do {
            while !batch.isEmpty {
                try await evaluate(batch, from: number, of: request)
                strategy.tell(
                    batch.indices.map {
                        Told(
                            configuration: batch[$0],
                            seconds: trials[number + $0]?.evaluation.seconds)
                    })
                number += batch.count
                batch = strategy.ask(min(max(1, request.batch), limit - number))
            }
        } catch is BudgetSpent {}
    }

    /// Makes sure that trials `first` … hold the batch: what the log lacks is taken from the store or evaluated.
    private func evaluate(
        _ batch: [SearchSpace.Number], from first: Int, of request: SessionRequest
    ) async throws {
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
        try await evaluator.evaluate(items.map(\.configuration)) { index, evaluation in
            try await self.finished(items[index].number, items[index].configuration, evaluation)
        }
    }

    private func finished(
        _ number: Int, _ configuration: Configuration, _ evaluation: Evaluation
    ) async throws {
        let key = evaluator.key(of: configuration)
        try await commit(number, configuration, key, evaluation, reused: false)
        try await checkBudget()
    }

    private func commit(
        _ number: Int, _ configuration: Configuration, _ key: Fingerprint,
        _ evaluation: Evaluation, reused: Bool
    ) async throws {
        let trial = Trial(
            session: await runner.session.id, entry: entry, number: number,
            configuration: configuration, evaluationKey: key, evaluation: evaluation,
            reused: reused)
        var changes = [Change.trial(trial)]
        // What might come out otherwise the next time is not remembered beyond this session.
        if !reused, evaluation.failure?.isDeterministic ?? true {
            changes.append(.evaluation(key, evaluation))
        }
        try await runner.commit(changes, .trial(trial))
        trials[number] = trial
    }

    /// Time spent ends the search, but never before the default is known.
    private func checkBudget() async throws {
        try Task.checkCancellation()
        guard trials[0] != nil, let deadline = await runner.deadline else { return }
        if await runner.elapsed >= deadline { throw BudgetSpent() }
    }

    // MARK: Deciding

    private var best: [Trial] {
        trials.values.filter { $0.evaluation.seconds != nil }
            .sorted {
                ($0.evaluation.seconds ?? 0, $0.number) < ($1.evaluation.seconds ?? 0, $1.number)
            }
    }

    private func result(_ decision: Session.Result.Decision) -> Session.Result {
        var failures: [String: Int] = [:]
        for trial in trials.values {
            if let failure = trial.evaluation.failure { failures[failure.code, default: 0] += 1 }
        }
        return Session.Result(
            decision: decision, trials: trials.count, failures: failures,
            configuration: best.first?.configuration, seconds: best.first?.evaluation.seconds,
            defaultSeconds: defaultConfiguration == nil ? nil : trials[0]?.evaluation.seconds)
    }

    /// After a cancellation: the best so far is told; it replaces records only if that was asked for.
    private func wrapUp(_ session: Session) async throws {
        switch runner.control.stopped {
        case nil, .shutdown: throw CancellationError()
        case .cancel(let keep):
            if keep || session.request.keepOnCancel {
                // A task of its own: the comparison must not see the cancellation.
                try await Task { try await self.decide(session) }.value
            } else {
                try await runner.finish(entry: entry, result(.undecided), record: nil)
            }
            throw CancellationError()
        }
    }

    /// Measures the finalists against each other and replaces the record if there is a winner.
    private func decide(_ session: Session) async throws {
        let ranked = best
        guard !ranked.isEmpty else {
            try await runner.finish(entry: entry, result(.noneValid), record: nil)
            return
        }
        let item = session.request.workload[entry]
        let key = try runner.provider.recordKey(for: item, target: session.request.target)
        let incumbent = try runner.store.record(for: key)
        var finalists = Array(
            ranked.prefix(SessionRunner.finalistCount).map(\.configuration))
        for extra in [defaultConfiguration, incumbent?.configuration].compactMap({ $0 })
        where !finalists.contains(extra) && space.number(of: extra) != nil {
            finalists.append(extra)
        }
        let measurements = try await evaluator.compare(
            finalists, rounds: SessionRunner.comparisonRounds)
        let measured = zip(finalists, measurements).compactMap { configuration, measurement in
            measurement.map { Finalist(configuration: configuration, measurement: $0) }
        }

        // Who holds the place: a record that still means what it says, else the default.
        let current = incumbent.flatMap {
            evaluator.key(of: $0.configuration) == $0.evaluation ? $0 : nil
        }
        let holder = measured.first {
            $0.configuration == current?.configuration ?? defaultConfiguration
        }
        guard let winner = winner(of: measured, against: holder) else {
            try await runner.finish(entry: entry, result(.undecided), record: nil)
            return
        }
        let defaultMeasurement = measured.first {
            $0.configuration == defaultConfiguration
        }?.measurement
        var result = result(.kept)
        result.configuration = winner.configuration
        result.seconds = winner.measurement.seconds
        result.defaultSeconds = defaultMeasurement?.seconds ?? result.defaultSeconds
        guard winner.configuration != current?.configuration else {
            try await runner.finish(entry: entry, result, record: nil)
            return
        }
        result.decision = .replaced
        let record = try record(
            of: winner.configuration, winner.measurement, defaultMeasurement, result, key, session)
        try await runner.finish(entry: entry, result, record: record)
    }

    /// The finalist that beats the holder by most, the holder if none does, the fastest if there is no holder.
    ///
    /// All are judged by ratios to the holder: their own times would rank a variant by the few samples in which nobody disturbed it.
    private func winner(of measured: [Finalist], against holder: Finalist?) -> Finalist? {
        guard let holder else {
            return measured.min { $0.measurement.seconds < $1.measurement.seconds }
        }
        var winner = holder
        var best = 1.0
        for finalist in measured where finalist.configuration != holder.configuration {
            let comparison = PairedComparison(
                challenger: finalist.measurement.samples, holder: holder.measurement.samples)
            guard let comparison, comparison.challengerWins, comparison.ratio < best else {
                continue
            }
            best = comparison.ratio
            winner = finalist
        }
        return winner
    }

    private func record(
        of configuration: Configuration, _ measurement: Measurement,
        _ defaultMeasurement: Measurement?, _ result: Session.Result, _ key: RecordKey,
        _ session: Session
    ) throws -> TuningRecord {
        let item = session.request.workload[entry]
        let facts = try runner.provider.facts(about: item)
        return TuningRecord(
            key: key, problem: item.problem, device: facts.device, configuration: configuration,
            defaultConfiguration: defaultConfiguration ?? configuration,
            evaluation: evaluator.key(of: configuration), seconds: measurement.seconds,
            defaultSeconds: defaultMeasurement?.seconds ?? measurement.seconds,
            flops: facts.flops, bytes: facts.bytes, figure: facts.figure,
            compiler: facts.compiler, session: session.id, created: runner.clock.now(),
            trials: result.trials, failures: result.failures.values.reduce(0, +))
    }
}
