import KernelSpace

/// One numbered ask–evaluate–tell, as a strategy sees it.
public struct Told: Hashable, Sendable {
    /// The configuration's number in the space.
    public var configuration: Int
    /// Seconds a call; nil for a failure.
    public var seconds: Double?

    public init(configuration: Int, seconds: Double?) {
        self.configuration = configuration
        self.seconds = seconds
    }
}

/// Chooses what to try next. Pure: the same space, seed, asks and tells give the same answers.
///
/// The default configuration is told before the first ask; every ask is followed by the tell of all it returned.
public protocol Strategy: Sendable {
    init(space: SearchSpace, seed: UInt64)

    /// Up to `count` different configurations, none asked or told before; empty when nothing is left to try.
    mutating func ask(_ count: Int) -> [Int]

    /// Outcomes, in trial order.
    mutating func tell(_ outcomes: [Told])
}
