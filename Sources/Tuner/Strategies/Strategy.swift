import KernelSpace

/// Chooses what to try next. Pure: the same task, asks and tells give the same answers, in every process.
///
/// In a session the default configuration is told before the first ask. Every ask is followed by the tell of all it returned.
public protocol Strategy: Sendable {
    init(_ task: SearchTask)

    /// Up to `count` different configurations, none asked or told before; empty when nothing is left to try.
    mutating func ask(_ count: Int) -> [SearchSpace.Number]

    /// Outcomes, in trial order.
    mutating func tell(_ outcomes: [Told])
}

/// One numbered ask–evaluate–tell, as a strategy sees it.
public struct Told: Hashable, Sendable {
    /// The configuration's number in the space.
    public var configuration: SearchSpace.Number
    /// Seconds a call; nil for a failure.
    public var seconds: Double?

    public init(configuration: SearchSpace.Number, seconds: Double?) {
        self.configuration = configuration
        self.seconds = seconds
    }
}

/// All that a strategy knows before the first trial.
public struct SearchTask: Sendable {
    public var space: SearchSpace
    public var seed: UInt64
    /// What the same kernel taught elsewhere, the most alike first: hints, never truth.
    public var priors: [Prior]
    /// By `StrategyOption.name`; an option that is not here has its default.
    public var options: [String: Double]

    public init(
        space: SearchSpace, seed: UInt64, priors: [Prior] = [], options: [String: Double] = [:]
    ) {
        self.space = space
        self.seed = seed
        self.priors = priors
        self.options = options
    }

    /// What the task says of an option, else its default.
    func value(of option: StrategyOption) -> Double { options[option.name] ?? option.defaultValue }
}

/// Trials of the same kernel for another problem, target or device. Times are comparable within one prior only.
public struct Prior: Hashable, Codable, Sendable {
    public struct Trial: Hashable, Codable, Sendable {
        /// May hold values that the space at hand has not.
        public var configuration: Configuration
        /// Seconds a call; nil for a failure.
        public var seconds: Double?

        public init(configuration: Configuration, seconds: Double?) {
            self.configuration = configuration
            self.seconds = seconds
        }
    }
    /// Where it was learnt, for people: `m=512,n=512,k=512 on cpu-avx2`.
    public var source: String
    public var trials: [Trial]

    public init(source: String, trials: [Trial]) {
        self.source = source
        self.trials = trials
    }
}
