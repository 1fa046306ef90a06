import KernelSpace
import WorkerProtocol

/// Decides an entry: the best of its search, the default and the incumbent against each other, interleaved.
struct FinalComparison {
    /// Rounds. When one sample in ten is disturbed, 17 rounds find a difference of 5 % in four of five cases, 31 in nearly all.
    static let rounds = 31
    /// How many of the session's best take part, besides the default and the incumbent.
    static let finalistCount = 5
    /// What one round takes of a configuration at least: samples are not shorter.
    private static let sampleSeconds = 0.001

    /// A configuration with what was measured of it.
    private struct Finalist {
        let configuration: Configuration
        let measurement: Measurement
    }

    /// What it came to.
    struct Outcome {
        var result: Session.Result
        /// Nil if the record stays as it is.
        var record: TuningRecord?
        /// Finalists that turned out wrong when they had won: evaluations by their keys.
        var disproved: [Fingerprint: Evaluation] = [:]
    }

    let session: Session
    let entry: Int
    let space: SearchSpace
    let defaultConfiguration: Configuration?
    /// In trial order.
    let trials: [Trial]

    /// About how long it takes where the best needs `seconds` a call.
    static func estimate(seconds: Double) -> Double {
        Double(rounds * (finalistCount + 2)) * max(seconds, sampleSeconds)
    }

    /// What is told of an entry that is not compared.
    func result(
        _ decision: Session.Result.Decision, _ disproved: [Configuration: Failure] = [:]
    ) -> Session.Result {
        var failures: [String: Int] = [:]
        for failure in disproved.values { failures[failure.code, default: 0] += 1 }
        for trial in trials {
            if let failure = trial.evaluation.failure { failures[failure.code, default: 0] += 1 }
        }
        let best = best.first { disproved[$0.configuration] == nil }
        return Session.Result(
            decision: decision, trials: trials.count, failures: failures,
            configuration: best?.configuration, seconds: best?.evaluation.seconds,
            defaultSeconds: defaultConfiguration == nil
                ? nil : trials.first?.evaluation.seconds)
    }

    /// Measures the finalists; there is a record if one of them beat the incumbent.
    func outcome(
        _ evaluators: EvaluatorPool, _ provider: any EvaluatorProvider,
        _ store: any RecordStore, now: Double
    ) async throws -> Outcome {
        let ranked = best
        guard !ranked.isEmpty else { return Outcome(result: result(.noneValid)) }
        let item = session.request.workload[entry]
        let key = try provider.recordKey(for: item, target: session.request.target)
        let incumbent = try store.record(for: key)
        var finalists = Array(ranked.prefix(Self.finalistCount).map(\.configuration))
        for extra in [defaultConfiguration, incumbent?.configuration].compactMap({ $0 })
        where !finalists.contains(extra) && space.number(of: extra) != nil {
            finalists.append(extra)
        }
        let evaluator = try await evaluators.evaluator(of: entry)
        let measurements = try await evaluator.compare(finalists, rounds: Self.rounds)
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
        let (confirmed, disproved) = try await confirmedWinner(
            of: measured, against: holder, current: current?.configuration, evaluator)
        guard let winner = confirmed else {
            return Outcome(
                result: result(.undecided, disproved),
                disproved: Self.evaluations(disproved, evaluator))
        }
        let defaultMeasurement = measured.first {
            $0.configuration == defaultConfiguration
        }?.measurement
        var result = result(.kept, disproved)
        result.configuration = winner.configuration
        result.seconds = winner.measurement.seconds
        result.defaultSeconds = defaultMeasurement?.seconds ?? result.defaultSeconds
        let evaluations = Self.evaluations(disproved, evaluator)
        guard winner.configuration != current?.configuration else {
            return Outcome(result: result, disproved: evaluations)
        }
        result.decision = .replaced
        let facts = try provider.facts(about: item)
        let record = TuningRecord(
            key: key, problem: item.problem, device: facts.device,
            configuration: winner.configuration,
            defaultConfiguration: defaultConfiguration ?? winner.configuration,
            evaluation: evaluator.key(of: winner.configuration),
            seconds: winner.measurement.seconds,
            defaultSeconds: defaultMeasurement?.seconds ?? winner.measurement.seconds,
            flops: facts.flops, bytes: facts.bytes, figure: facts.figure,
            compiler: facts.compiler, session: session.id, created: now, trials: result.trials,
            failures: result.failures.values.reduce(0, +))
        return Outcome(result: result, record: record, disproved: evaluations)
    }

    /// The winner that stands further verification; those that did not are out, and the rest is judged anew.
    private func confirmedWinner(
        of measured: [Finalist], against holder: Finalist?, current: Configuration?,
        _ evaluator: any Evaluator
    ) async throws -> (winner: Finalist?, disproved: [Configuration: Failure]) {
        var left = measured
        var disproved: [Configuration: Failure] = [:]
        while true {
            let holder = holder.flatMap { disproved[$0.configuration] == nil ? $0 : nil }
            guard let winner = winner(of: left, against: holder),
                winner.configuration != current,
                let failure = try await evaluator.confirm(winner.configuration)
            else { return (winner(of: left, against: holder), disproved) }
            disproved[winner.configuration] = failure
            left.removeAll { $0.configuration == winner.configuration }
        }
    }

    /// What might come out otherwise the next time is not remembered.
    private static func evaluations(
        _ disproved: [Configuration: Failure], _ evaluator: any Evaluator
    ) -> [Fingerprint: Evaluation] {
        var evaluations: [Fingerprint: Evaluation] = [:]
        for (configuration, failure) in disproved where failure.isDeterministic {
            evaluations[evaluator.key(of: configuration)] = Evaluation(.failed(failure))
        }
        return evaluations
    }

    /// Trials that worked, fastest first.
    private var best: [Trial] {
        trials.filter { $0.evaluation.seconds != nil }
            .sorted {
                ($0.evaluation.seconds ?? 0, $0.number) < ($1.evaluation.seconds ?? 0, $1.number)
            }
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
}
