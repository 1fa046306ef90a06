import KernelSpace
import Synchronization

/// Runs given out and finished.
private final class Tally: Sendable {
    private let state = Mutex<(next: Int, finished: [Int: SearchRun])>((0, [:]))

    func next(below total: Int) -> Int? {
        state.withLock { state in
            guard state.next < total else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    /// Returns how many are finished.
    func finish(_ number: Int, _ run: SearchRun) -> Int {
        state.withLock { state in
            state.finished[number] = run
            return state.finished.count
        }
    }

    var finished: [Int: SearchRun] { state.withLock { $0.finished } }
}

/// Strategies against recorded spaces: every strategy, space and seed is one run of the largest budget.
public struct SearchBenchmark: Sendable {
    /// What one strategy reached on one space.
    public struct Result: Hashable, Codable, Sendable {
        public var space: String
        public var strategy: String
        public var budget: Int
        /// Geometric mean over the seeds of best-found time over optimum.
        public var ratio: Double
        /// Bootstrap 95 % interval of `ratio`.
        public var lower: Double
        public var upper: Double
        /// Share of runs within 5 % of the optimum.
        public var shareWithin5Percent: Double
        public var runs: Int
        /// Wall seconds of asking and telling for one trial of a run of the largest budget, mean and slowest.
        public var secondsPerTrial: Double
        public var slowestSecondsPerTrial: Double
    }

    public let names: [String]
    public let strategies: [String]
    public let budgets: [Int]
    /// By strategy, space, seed.
    public let runs: [[[SearchRun]]]

    /// Runs over `threads` threads; a run's outcome depends on its seed alone. `progress` is told the runs done and their number.
    public init(
        spaces: [(name: String, recorded: RecordedSpace)], priors: [Prior] = [],
        strategies: [String], budgets: [Int], seeds: Int, batch: Int, threads: Int,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws {
        names = spaces.map(\.name)
        self.strategies = strategies
        self.budgets = budgets
        let parsed = try strategies.map(StrategyDescription.parse)
        let worst = spaces.map { space in
            (0..<space.recorded.space.count).reduce(space.recorded.optimum.seconds) {
                max($0, space.recorded.seconds(of: $1) ?? 0)
            }
        }
        let perStrategy = spaces.count * seeds
        let total = strategies.count * perStrategy
        let budget = budgets.max() ?? 0
        let tally = Tally()
        let job = { @Sendable (number: Int) -> SearchRun in
            let (strategy, options) = parsed[number / perStrategy]
            let space = number % perStrategy / seeds
            return SearchRun(
                spaces[space].recorded, worst: worst[space], strategy: strategy,
                task: SearchTask(
                    space: spaces[space].recorded.space, seed: UInt64(number % seeds + 1),
                    priors: priors, options: options),
                budget: budget, batch: batch)
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, threads) {
                group.addTask {
                    while let number = tally.next(below: total) {
                        progress(tally.finish(number, job(number)), total)
                    }
                }
            }
        }
        let finished = tally.finished
        runs = strategies.indices.map { strategy in
            spaces.indices.map { space in
                (0..<seeds).compactMap { finished[strategy * perStrategy + space * seeds + $0] }
            }
        }
    }

    /// Over all spaces.
    public func statistics(strategy: Int, budget: Int) -> SearchStatistics {
        SearchStatistics(ratios: runs[strategy].map { $0.map { $0.ratios[budget - 1] } })
    }

    /// Mean and slowest wall seconds of asking and telling for one trial.
    public func secondsPerTrial(strategy: Int) -> (mean: Double, slowest: Double) {
        let all = runs[strategy].joined()
        let trials = all.reduce(0) { $0 + $1.ratios.count }
        return (
            all.reduce(0) { $0 + $1.seconds } / Double(max(1, trials)),
            all.map(\.slowest).max() ?? 0
        )
    }

    /// One for each space, strategy and budget.
    public var results: [Result] {
        strategies.indices.flatMap { strategy in
            names.indices.flatMap { space in
                budgets.map { budget in
                    let runs = runs[strategy][space]
                    let statistics = SearchStatistics(ratios: [runs.map { $0.ratios[budget - 1] }])
                    let trials = runs.reduce(0) { $0 + $1.ratios.count }
                    return Result(
                        space: names[space], strategy: strategies[strategy], budget: budget,
                        ratio: statistics.geometricMean, lower: statistics.interval.lowerBound,
                        upper: statistics.interval.upperBound,
                        shareWithin5Percent: statistics.shareWithinTolerance, runs: runs.count,
                        secondsPerTrial: runs.reduce(0) { $0 + $1.seconds }
                            / Double(max(1, trials)),
                        slowestSecondsPerTrial: runs.map(\.slowest).max() ?? 0)
                }
            }
        }
    }
}

extension Prior {
    /// An even sample of a recording.
    public init(_ recorded: RecordedSpace, source: String, trials: Int = 200) {
        let count = recorded.space.count
        let step = max(1, count / SearchSpace.Number(trials))
        self.init(
            source: source,
            trials: stride(from: step / 2, to: count, by: Int(step)).map {
                Prior.Trial(configuration: recorded.space[$0], seconds: recorded.seconds(of: $0))
            })
    }
}
