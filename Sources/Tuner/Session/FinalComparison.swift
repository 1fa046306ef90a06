import KernelSpace
import WorkerProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Decides an entry, in two stages: the best of its search, the default and the holder of the record are screened against each other for one
/// challenger; then the challenger meets the holder on fresh data (see Acceptance). Whoever looked best among many was lucky in part; the second
/// stage owes nothing to that luck, and needs no allowance for how many were screened. Whoever wins is verified further before it is recorded.
struct FinalComparison {
    /// The screening's heats: how many of the best take part at most, besides the default and the incumbent, and in how many worker launches
    /// they meet, for pages that suit one by chance are others in the next. Search times are of different moments: on a noisy host the
    /// best of many is not among the first five by them.
    static let heats = [(finalists: 24, launches: 3), (finalists: 5, launches: 7)]
    /// Who took longer than this by the search, as a factor of its best, is not the best.
    private static let searchError = 1.15
    /// Seconds of samples that one launch of a heat may take before it has fewer finalists.
    private static let heatSeconds = 0.6
    /// Seconds of samples in one launch of either stage, and bounds of its rounds. More rounds say little that further launches would
    /// not say better.
    private static let screeningSeconds = 0.15
    private static let acceptanceSeconds = 0.06
    private static let roundBounds = 5...25
    /// What a sample takes at least, about: the worker decides by its timer.
    private static let sampleSeconds = 0.0005
    /// About what starting a worker takes.
    private static let launchSeconds = 0.05

    /// A configuration with what the screening says of it.
    private struct Finalist {
        let configuration: Configuration
        /// The median of its launches' estimates.
        let seconds: Double
        /// log(its time / the holder's), the median of the launches; nil without a holder.
        let logarithm: Double?

        /// What finalists are ranked by: lower is better.
        var standing: Double { logarithm ?? log(seconds) }
    }

    /// Who holds the place now, and how that was decided.
    private struct Contest {
        /// Nil if nobody is left.
        let winner: Finalist?
        /// Nil if there was no pair to decide between.
        let acceptance: Acceptance?
        /// Those that had won and turned out wrong.
        let disproved: [Configuration: Failure]
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

    /// About how long it takes where the best needs `seconds` a call and the first look decides.
    static func estimate(seconds: Double, terms: AcceptanceTerms) -> Double {
        let sample = max(seconds, sampleSeconds)
        func launches(_ launches: Int, _ count: Int, _ budget: Double) -> Double {
            let samples = Double(count * rounds(count, sample, within: budget))
            return Double(launches) * (launchSeconds + samples * sample)
        }
        let first = AcceptanceTest(terms).looks.first?.launches ?? 0
        return heats.reduce(launches(first, 2, acceptanceSeconds)) {
            $0 + launches($1.launches, finalists(of: $1.finalists, sample) + 2, screeningSeconds)
        }
    }

    /// So many of `count` as a launch has time for, but those of the last heat at least.
    private static func finalists(of count: Int, _ seconds: Double) -> Int {
        let affordable = heatSeconds / (Double(roundBounds.lowerBound) * seconds)
        let least = heats.map(\.finalists).min() ?? count
        return min(count, max(least, Int(min(affordable, Double(count)))))
    }

    private static func rounds(_ count: Int, _ seconds: Double, within budget: Double) -> Int {
        let wanted = budget / (Double(max(count, 1)) * max(seconds, sampleSeconds))
        return Int(min(max(wanted, Double(roundBounds.lowerBound)), Double(roundBounds.upperBound)))
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
        guard !best.isEmpty else { return Outcome(result: result(.noneValid)) }
        let item = session.request.workload[entry]
        let key = try provider.recordKey(for: item, target: session.request.target)
        let evaluator = try await evaluators.evaluator(of: entry)
        // Who holds the place: a record that still means what it says, else the default.
        let incumbent = try store.record(for: key)
        let current = incumbent.flatMap {
            evaluator.key(of: $0.configuration) == $0.evaluation ? $0 : nil
        }
        let holder = current?.configuration ?? defaultConfiguration
        let bits = OutputBits(
            trials: trials,
            recorded: try incumbent.flatMap { record in
                try store.evaluation(for: record.evaluation).map { (record.configuration, $0) }
            }, standard: defaultConfiguration)
        let terms = session.request.acceptance
        func isAdmitted(_ configuration: Configuration) -> Bool {
            !terms.bitwiseStable || !bits.isKnown || bits.change(configuration) == false
        }
        let admitted = best.filter { isAdmitted($0.configuration) }
        let extras = [defaultConfiguration, incumbent?.configuration].compactMap { $0 }.filter {
            space.number(of: $0) != nil && ($0 == holder || isAdmitted($0))
        }
        let screened = try await screen(admitted, extras, against: holder, evaluator)
        let contest = try await contest(
            of: screened, holder: holder,
            current: current.map(\.configuration).flatMap { extras.contains($0) ? $0 : nil },
            bits, evaluator)
        let disproved = Self.evaluations(contest.disproved, evaluator)
        var result = result(.kept, contest.disproved)
        result.acceptance = contest.acceptance
        if let fastest = best.first?.configuration, !isAdmitted(fastest), fastest != holder {
            result.passedOver = fastest
        }
        guard let winner = contest.winner else {
            result.decision = .undecided
            return Outcome(result: result, disproved: disproved)
        }

        let times = times(of: winner, screened, contest.acceptance)
        result.configuration = winner.configuration
        result.seconds = times.winner
        result.defaultSeconds = times.standard ?? result.defaultSeconds
        guard winner.configuration != current?.configuration else {
            return Outcome(result: result, disproved: disproved)
        }
        result.decision = .replaced
        let facts = try provider.facts(about: item)
        let record = TuningRecord(
            key: key, problem: item.problem, device: facts.device,
            configuration: winner.configuration,
            defaultConfiguration: defaultConfiguration ?? winner.configuration,
            evaluation: evaluator.key(of: winner.configuration),
            seconds: times.winner, defaultSeconds: times.standard ?? times.winner,
            flops: facts.flops, bytes: facts.bytes, figure: facts.figure,
            compiler: facts.compiler, session: session.id, created: now, trials: result.trials,
            failures: result.failures.values.reduce(0, +), acceptance: contest.acceptance)
        return Outcome(result: result, record: record, disproved: disproved)
    }

    /// Trials that worked, fastest first.
    private var best: [Trial] {
        trials.filter { $0.evaluation.seconds != nil }
            .sorted {
                ($0.evaluation.seconds ?? 0, $0.number) < ($1.evaluation.seconds ?? 0, $1.number)
            }
    }

    // MARK: Screening

    /// The best of `trials`, which the search has in order of their times, and `extras` that still work, by what the last heat says of them.
    private func screen(
        _ trials: [Trial], _ extras: [Configuration], against holder: Configuration?,
        _ evaluator: any Evaluator
    ) async throws -> [Finalist] {
        let seconds = max(trials.first?.evaluation.seconds ?? 0, Self.sampleSeconds)
        let last = Self.heats.map(\.finalists).min() ?? 0
        let good = trials.prefix { $0.evaluation.seconds ?? .infinity < seconds * Self.searchError }
        var left = trials.prefix(max(good.count, last)).map(\.configuration)
        var extras = extras
        var screened: [Finalist] = []
        for (index, heat) in Self.heats.enumerated() {
            let isLast = index == Self.heats.count - 1
            // Where all have a place in the next heat, this one decides nothing.
            if !isLast, left.count <= Self.heats[index + 1].finalists { continue }
            left = Array(left.prefix(Self.finalists(of: heat.finalists, seconds)))
            screened = try await heatResult(
                left + extras.filter { !left.contains($0) }, launches: heat.launches,
                against: holder, evaluator)
            left = screened.sorted { $0.standing < $1.standing }.map(\.configuration)
            extras.removeAll { !left.contains($0) }
        }
        return screened
    }

    /// Those that work, timed in rounds over some launches.
    private func heatResult(
        _ configurations: [Configuration], launches wanted: Int, against holder: Configuration?,
        _ evaluator: any Evaluator
    ) async throws -> [Finalist] {
        let rounds = Self.rounds(
            configurations.count, best.first?.evaluation.seconds ?? 0,
            within: Self.screeningSeconds)
        let place = holder.flatMap { configurations.firstIndex(of: $0) }
        var seconds = [[Double]](repeating: [], count: configurations.count)
        var logarithms = seconds
        var launches = 0
        for _ in 0..<wanted {
            let measured = try await evaluator.compare(configurations, rounds: rounds)
            // A launch that brought nothing speaks against nobody.
            guard measured.contains(where: { $0 != nil }) else { continue }
            launches += 1
            for (index, measurement) in measured.enumerated() {
                guard let measurement else { continue }
                seconds[index].append(measurement.seconds)
                guard let reference = place.flatMap({ measured[$0] }) else { continue }
                PairedRatio.logarithm(
                    challenger: measurement.samples, holder: reference.samples
                ).map { logarithms[index].append($0) }
            }
        }
        return configurations.enumerated().compactMap { index, configuration in
            // Whoever failed in one launch is out.
            guard seconds[index].count == launches else { return nil }
            return PairedRatio.median(seconds[index]).map {
                Finalist(
                    configuration: configuration, seconds: $0,
                    logarithm: PairedRatio.median(logarithms[index]))
            }
        }
    }

    /// The finalist that beats the holder by most, and a simpler one that is as good, or itself: nil if there is nobody but the holder.
    ///
    /// All are judged by ratios to the holder, where there is one: their own times would rank a variant by the few samples in which nobody
    /// disturbed it. As good is what lies within the least effect of the fastest and still beats the holder by twice that: who leads by less has
    /// nothing to give away, lest the holder stay for want of an effect.
    private func challenger(among screened: [Finalist], against holder: Finalist?)
        -> (chosen: Finalist, fastest: Finalist)?
    {
        let others = screened.filter { $0.configuration != holder?.configuration }
        guard let fastest = others.min(by: { $0.standing < $1.standing }) else { return nil }
        let effect = log(1 - session.request.acceptance.leastEffect)
        let asGood = others.filter {
            $0.standing <= fastest.standing - effect && (holder == nil || $0.standing <= 2 * effect)
        }
        let simplest = asGood.min {
            Simplicity($0.configuration, in: space) < Simplicity($1.configuration, in: space)
        }
        return (simplest ?? fastest, fastest)
    }

    // MARK: Acceptance

    /// Lets the best challenger meet the holder until whoever wins is right wherever it is verified further: a winner that is not is out, and the
    /// rest is judged anew. `current` is the finalist that the record holds: it was confirmed when it was recorded, and loses its place without a
    /// contest only if it turns out wrong; not because a launch failed.
    private func contest(
        of screened: [Finalist], holder: Configuration?, current: Configuration?,
        _ bits: OutputBits, _ evaluator: any Evaluator
    ) async throws -> Contest {
        var left = screened
        var disproved: [Configuration: Failure] = [:]
        if let current, !left.contains(where: { $0.configuration == current }) {
            guard let failure = try await evaluator.confirm(current) else {
                return Contest(winner: nil, acceptance: nil, disproved: disproved)
            }
            disproved[current] = failure
        }
        while true {
            let holder = left.first { $0.configuration == holder }
            let choice = challenger(among: left, against: holder)
            let challenger = choice?.chosen
            var acceptance: Acceptance?
            if let challenger, let holder {
                acceptance = try await accept(challenger, against: holder, evaluator)
                acceptance?.changesBits = bits.change(challenger.configuration)
                acceptance?.setAside = choice.map(\.fastest.configuration).flatMap {
                    $0 == challenger.configuration ? nil : $0
                }
                if acceptance == nil {
                    // Launches with the two failed again and again; those with the next may not.
                    left.removeAll { $0.configuration == challenger.configuration }
                    continue
                }
            }
            let accepted = holder == nil || acceptance?.verdict == .faster ? challenger : nil
            let winner = accepted ?? holder
            guard let winner, winner.configuration != current,
                let failure = try await evaluator.confirm(winner.configuration)
            else { return Contest(winner: winner, acceptance: acceptance, disproved: disproved) }
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

    private func accept(
        _ challenger: Finalist, against holder: Finalist, _ evaluator: any Evaluator
    ) async throws -> Acceptance? {
        let pair = [challenger.configuration, holder.configuration]
        let rounds = Self.rounds(
            2, (challenger.seconds + holder.seconds) / 2, within: Self.acceptanceSeconds)
        return try await Acceptance.decide(
            challenger: pair[0], holder: pair[1], terms: session.request.acceptance
        ) {
            let measured = try await evaluator.compare(pair, rounds: rounds)
            guard let challenger = measured[0], let holder = measured[1] else { return nil }
            return LaunchPair(challenger: challenger, holder: holder)
        }
    }

    /// Seconds of the winner and of the default, both from the acceptance where there was one: the ratio to the holder that the screening saw
    /// gives the default's, if it did not take part.
    private func times(of winner: Finalist, _ screened: [Finalist], _ acceptance: Acceptance?)
        -> (winner: Double, standard: Double?)
    {
        let standard = screened.first { $0.configuration == defaultConfiguration }
        guard let acceptance else { return (winner.seconds, standard?.seconds) }
        func seconds(_ finalist: Finalist) -> Double {
            switch finalist.configuration {
            case acceptance.challenger.configuration: acceptance.challenger.seconds
            case acceptance.holder.configuration: acceptance.holder.seconds
            default: acceptance.holder.seconds * exp(finalist.logarithm ?? 0)
            }
        }
        return (seconds(winner), standard.map(seconds))
    }
}

/// Whose outputs have the same bits as those so far, as far as their verification told.
private struct OutputBits {
    private var hashes: [Configuration: UInt64] = [:]
    /// Of what the record holds, even if its time no longer counts; else of the default.
    private let before: UInt64?

    /// Whether there are bits to keep.
    var isKnown: Bool { before != nil }

    init(
        trials: [Trial], recorded: (configuration: Configuration, evaluation: Evaluation)?,
        standard: Configuration?
    ) {
        for trial in trials { hashes[trial.configuration] = Self.hash(trial.evaluation) }
        if let recorded {
            before = Self.hash(recorded.evaluation)
            if hashes[recorded.configuration] == nil { hashes[recorded.configuration] = before }
        } else {
            before = standard.flatMap { [hashes] in hashes[$0] }
        }
    }

    /// Whether its bits differ; nil if some are unknown.
    func change(_ configuration: Configuration) -> Bool? {
        guard let before, let after = hashes[configuration] else { return nil }
        return before != after
    }

    /// Recordings of other tuners know no hash.
    private static func hash(_ evaluation: Evaluation) -> UInt64? {
        guard case .measured(_, let verification) = evaluation.outcome else { return nil }
        return verification.outputHash == 0 ? nil : verification.outputHash
    }
}
