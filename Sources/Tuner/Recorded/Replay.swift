import KernelSpace

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Tunes a recorded space as a session would be tuned, and compares what was found with the optimum.
public struct Replay: Hashable, Codable, Sendable {
    /// One session.
    public struct Run: Hashable, Codable, Sendable {
        public var seed: UInt64
        public var trials: Int
        public var failures: Int
        /// What the session decided for; nil if nothing it tried works.
        public var configuration: Configuration?
        /// Best seconds a call.
        public var seconds: Double?
        /// Best over optimum; 1 is the optimum.
        public var ratio: Double?
        /// How many trials it took to come within `tolerance` of the optimum; nil if it never did.
        public var trialsToTolerance: Int?
    }
    /// All sessions together.
    public struct Summary: Hashable, Codable, Sendable {
        /// Geometric mean of best over optimum; nil if a run found nothing.
        public var meanRatio: Double?
        /// Share of the runs that came within the tolerance.
        public var successShare: Double
        /// Median over all runs, one that never came within the tolerance counting as endless; nil if that is the median.
        public var medianTrialsToTolerance: Int?
    }
    /// What counts as having found the optimum.
    public static let tolerance = 0.05

    public var kernel: String
    public var problem: String
    public var device: String
    public var configurations: Int
    public var failures: Int
    /// Seconds a call of the best configuration.
    public var optimum: Double
    public var strategy: String
    public var budget: Int
    public var batch: Int
    public var runs: [Run]
    public var summary: Summary

    /// One session a seed, through the engine that the daemon runs.
    public init(
        _ recorded: RecordedSpace, strategy: String, budget: Int, batch: Int, seeds: [UInt64]
    ) async throws {
        kernel = recorded.origin.kernel
        problem = recorded.origin.problem
        device = recorded.origin.device
        configurations = Int(clamping: recorded.space.count)
        failures = recorded.failureCount
        optimum = recorded.optimum.seconds
        self.strategy = strategy
        self.budget = budget
        self.batch = batch
        var runs: [Run] = []
        for seed in seeds {
            let request = SessionRequest(
                target: "recorded", workload: [RecordedProvider(recorded).entry],
                budget: Budget(trials: budget), strategy: strategy, seed: seed, batch: batch)
            runs.append(try await Self.run(recorded, request))
        }
        self.runs = runs
        summary = Summary(runs)
    }

    private static func run(_ recorded: RecordedSpace, _ request: SessionRequest) async throws
        -> Run
    {
        let store = InMemoryRecordStore()
        let queued = Session(id: "replay", request: request, created: 0)
        try store.commit([.session(queued)])
        let session = try await SessionRunner(
            session: queued, store: store, provider: RecordedProvider(recorded),
            clock: SessionRunner.Clock(elapsed: { 0 }, now: { 0 }), control: SessionControl(),
            publish: { _ in }
        ).run()
        if case .failed(let message) = session.state { throw TunerError(.internal, message) }
        let trials = store.trials(session: session.id, entry: 0)
        let times = trials.map(\.evaluation.seconds)
        let best = times.compactMap(\.self).min()
        let goal = recorded.optimum.seconds * (1 + tolerance)
        return Run(
            seed: request.seed, trials: times.count, failures: times.count { $0 == nil },
            // The fastest, not whom the session records: that may be a simpler one of nearly the same time.
            configuration: trials.first { best != nil && $0.evaluation.seconds == best }?
                .configuration, seconds: best,
            ratio: best.map { $0 / recorded.optimum.seconds },
            trialsToTolerance: times.firstIndex { $0.map { $0 <= goal } ?? false }.map { $0 + 1 })
    }
}

extension Replay.Summary {
    fileprivate init(_ runs: [Replay.Run]) {
        let ratios = runs.compactMap(\.ratio)
        if ratios.count == runs.count, !runs.isEmpty {
            meanRatio = exp(ratios.reduce(0) { $0 + log($1) } / Double(ratios.count))
        }
        let arrivals = runs.map { $0.trialsToTolerance ?? .max }.sorted()
        successShare = Double(arrivals.count { $0 < .max }) / Double(max(runs.count, 1))
        if let median = arrivals.dropFirst(arrivals.count / 2).first, median < .max {
            medianTrialsToTolerance = median
        }
    }
}
