import KernelSpace

/// One search of a recorded space by one strategy with one seed.
public struct SearchRun: Hashable, Sendable {
    /// Best so far over the optimum after each trial; before anything worked, the worst time of the recording.
    public var ratios: [Double]
    /// Wall seconds of asking and telling, in all and for the slowest batch per trial.
    public var seconds: Double
    public var slowest: Double

    /// Asks `batch` at a time until `budget` trials are spent or the strategy has nothing left. A failure costs a trial.
    public init(
        _ recorded: RecordedSpace, worst: Double, strategy: StrategyDescription, task: SearchTask,
        budget: Int, batch: Int
    ) {
        var strategy = strategy.make(task)
        let clock = ContinuousClock()
        var best = worst
        ratios = []
        seconds = 0
        slowest = 0
        while ratios.count < budget {
            var told: [Told] = []
            let asking = clock.measure {
                told = strategy.ask(min(batch, budget - ratios.count))
                    .map { Told(configuration: $0, seconds: recorded.seconds(of: $0)) }
            }
            if told.isEmpty { break }
            let telling = clock.measure { strategy.tell(told) }
            let spent = (asking + telling) / .seconds(1)
            seconds += spent
            slowest = max(slowest, spent / Double(told.count))
            for outcome in told {
                best = min(best, outcome.seconds ?? worst)
                ratios.append(best / recorded.optimum.seconds)
            }
        }
        // A space smaller than the budget is known by now.
        let last = ratios.last ?? worst / recorded.optimum.seconds
        ratios += Array(repeating: last, count: budget - ratios.count)
    }

    init(ratios: [Double]) {
        self.ratios = ratios
        seconds = 0
        slowest = 0
    }
}
