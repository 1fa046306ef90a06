import ArgumentParser
import Foundation
import KernelSpace
import Synchronization
import Tuner
import WorkerProtocol

/// What racing saves, and whether it costs the winner.
struct RacingBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "racing",
        abstract: "Runs one search with racing and without, and lets the two winners meet.",
        discussion: """
            Both try the same configurations in the same order. The candidates of the search without racing are then raced again, \
            in other orders, to count how often its best would have been given up.
            """)

    /// The report.
    struct Report: Codable {
        struct Search: Codable {
            var racing: Bool
            var trials: Int
            var givenUp: Int
            var samples: Int
            /// Seconds of measuring in the search, and in all of the session.
            var searchSeconds: Double
            var sessionSeconds: Double
            var winner: Configuration
        }
        var off: Search
        var on: Search
        /// Part of the search's measuring time that racing saves.
        var saved: Double
        /// The winner with racing challenges the one without; nil if they are the same.
        var acceptance: Acceptance?
        var replays: Int
        /// Replays in which the best was given up.
        var bestGivenUp: Int
        var candidatesGivenUp: Double
    }

    @Option(help: "Kernel.") var kernel = "sgemm"
    @Option(help: "Its problem.") var problem = "m=512,n=512,k=512"
    @Option(help: "What to compile for.") var target = "cpu-avx2"
    @Option(help: "Trials.") var budget = 100
    @Option(help: "Strategy: one whose choice does not hang on times tries the same twice.")
    var strategy = "random"
    @Option(help: "Seed.") var seed: UInt64 = 1
    @Option(help: "Most samples of a candidate.") var samples = 7
    @Option(help: "Replays of the recorded samples.") var replays = 10_000
    @Option(help: "Where the samples go, one JSON object a trial.") var output: String?
    @Flag(help: "A JSON object instead of text.") var json = false

    func run() async throws {
        let host = try await MeasuringHost()
        let entry = try host.entry(kernel: kernel, problem: problem)
        let off = try await search(host, entry, racing: false)
        let on = try await search(host, entry, racing: true)
        try write(off.trials)
        let replay = ReplayedRace(off.trials)
        let outcome = replay.run(replays, seed: seed)
        let report = Report(
            off: off.report, on: on.report,
            saved: 1 - on.report.searchSeconds / off.report.searchSeconds,
            acceptance: try await meet(on.report.winner, off.report.winner, host, entry),
            replays: replays, bestGivenUp: outcome.bestGivenUp,
            candidatesGivenUp: outcome.candidatesGivenUp)
        if json { try JSONLine.print(report) } else { print(text(report)) }
        try host.remove()
    }

    private func search(_ host: MeasuringHost, _ entry: WorkloadEntry, racing: Bool) async throws
        -> (report: Report.Search, trials: [Trial])
    {
        let request = SessionRequest(
            target: target, workload: [entry], budget: Budget(trials: budget), strategy: strategy,
            seed: seed, priors: false)
        let provider = TimedProvider(
            base: try host.provider(
                plan: SamplingPlan(maximumSamples: samples, isRacing: racing)))
        let (session, trials, _) = try await host.session(request, provider: provider)
        guard let winner = session.results[0]?.configuration else {
            throw BenchError(message: "the search ended without a winner")
        }
        let measurements = trials.compactMap(\.measurement)
        return (
            Report.Search(
                racing: racing, trials: trials.count,
                givenUp: measurements.count { $0.racedAgainst != nil },
                samples: measurements.reduce(0) { $0 + $1.samples.count },
                searchSeconds: provider.searchSeconds.withLock { $0 },
                sessionSeconds: session.timeSplit.measure, winner: winner), trials
        )
    }

    private func meet(
        _ challenger: Configuration, _ holder: Configuration, _ host: MeasuringHost,
        _ entry: WorkloadEntry
    ) async throws -> Acceptance? {
        guard challenger != holder else { return nil }
        let evaluator = try await host.evaluator(of: entry, target: target)
        let acceptance = try await Acceptance.decide(
            challenger: challenger, holder: holder, terms: AcceptanceTerms()
        ) {
            let measured = try await evaluator.compare([challenger, holder], rounds: 11)
            guard let first = measured[0], let second = measured[1] else { return nil }
            return LaunchPair(challenger: first, holder: second)
        }
        await evaluator.finish()
        return acceptance
    }

    private func write(_ trials: [Trial]) throws {
        guard let output else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let lines = try trials.map { String(decoding: try encoder.encode($0), as: UTF8.self) }
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: output))
    }

    private func text(_ report: Report) -> String {
        func line(_ search: Report.Search) -> String {
            String(
                format: "racing %@: %d trials, %d given up, %d samples, measuring %.2f s, "
                    + "%.2f s with the final comparison: %@",
                (search.racing ? "on " : "off") as NSString, search.trials, search.givenUp,
                search.samples, search.searchSeconds, search.sessionSeconds,
                "\(search.winner)" as NSString)
        }
        let winners =
            report.acceptance.map {
                String(
                    format: "winner with racing / without: %.4f [%.4f, %.4f], %@", $0.ratio,
                    $0.lower, $0.upper, $0.verdict.rawValue as NSString)
            } ?? "the winners are the same"
        return [
            line(report.off), line(report.on),
            String(format: "saved %.1f %% of the search's measuring time", report.saved * 100),
            winners,
            String(
                format: "%d replays of the recorded samples: the best given up in %d, "
                    + "%.0f %% of the candidates given up", report.replays, report.bestGivenUp,
                report.candidatesGivenUp * 100),
        ].joined(separator: "\n")
    }
}

/// Counts what measuring takes in the search alone: until something is compared.
private final class TimedProvider: EvaluatorProvider {
    let base: HardwareEvaluatorProvider
    let searchSeconds = Mutex(0.0)

    init(base: HardwareEvaluatorProvider) { self.base = base }

    private struct Timed: Evaluator {
        let base: any Evaluator
        let provider: TimedProvider

        func evaluate(
            _ configurations: [Configuration], standing: SearchStanding,
            finished: @Sendable (Int, [Evaluation]) async throws -> Void
        ) async throws {
            try await base.evaluate(configurations, standing: standing, finished: finished)
            let seconds = await base.timeSplit().measure
            provider.searchSeconds.withLock { $0 = seconds }
        }
        func compare(_ configurations: [Configuration], rounds: Int) async throws
            -> [WorkerProtocol.Measurement?]
        { try await base.compare(configurations, rounds: rounds) }
        func confirm(_ configuration: Configuration) async throws -> Failure? {
            try await base.confirm(configuration)
        }
        func key(of configuration: Configuration) -> Fingerprint { base.key(of: configuration) }
        func takeCertificate() async -> EnvironmentCertificate? { await base.takeCertificate() }
        func timeSplit() async -> TimeSplit { await base.timeSplit() }
        func finish() async { await base.finish() }
    }

    func evaluator(
        for entry: WorkloadEntry, target: String,
        progress: @escaping @Sendable (EvaluationPhase) -> Void
    ) async throws -> any Evaluator {
        Timed(
            base: try await base.evaluator(for: entry, target: target, progress: progress),
            provider: self)
    }
    func space(for entry: WorkloadEntry, target: String) throws -> (
        space: SearchSpace, defaultConfiguration: Configuration?
    ) { try base.space(for: entry, target: target) }
    func recordKey(for entry: WorkloadEntry, target: String) throws -> RecordKey {
        try base.recordKey(for: entry, target: target)
    }
    func facts(about entry: WorkloadEntry) throws -> EntryFacts { try base.facts(about: entry) }
}

extension Trial {
    fileprivate var measurement: WorkerProtocol.Measurement? {
        guard case .measured(let measurement, _) = evaluation.outcome else { return nil }
        return measurement
    }
}

/// Races recorded samples again, in other orders.
private struct ReplayedRace {
    private let candidates: [(samples: [Double], seconds: Double)]

    init(_ trials: [Trial]) {
        candidates = trials.compactMap(\.measurement).map { measurement in
            // As they would have been when the reference was first timed: only so do they compare.
            let correction = measurement.driftCorrection ?? 1
            return (measurement.samples.map { $0 * correction }, measurement.seconds)
        }
    }

    /// Candidates come in a new order every time, each one's samples in the order taken: disturbances come in runs.
    func run(_ replays: Int, seed: UInt64) -> (bestGivenUp: Int, candidatesGivenUp: Double) {
        guard let least = candidates.map(\.seconds).min(), replays > 0 else { return (0, 0) }
        var generator = SplitMix(seed: seed)
        var bestGivenUp = 0
        var givenUp = 0
        for _ in 0..<replays {
            var best = Double.infinity
            for candidate in candidates.shuffled(using: &generator) {
                let samples = candidate.samples
                let racing = Racing(best: best)
                let isLost = (1...samples.count).contains { racing.isLost(Array(samples[..<$0])) }
                if isLost {
                    givenUp += 1
                    if candidate.seconds == least { bestGivenUp += 1 }
                } else {
                    best = min(best, candidate.seconds)
                }
            }
        }
        return (bestGivenUp, Double(givenUp) / Double(replays * candidates.count))
    }
}
