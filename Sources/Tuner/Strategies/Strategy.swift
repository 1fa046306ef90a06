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

/// Chooses what to try next. Pure: the same space, seed and tells give the same asks. Never asks for a configuration twice.
public protocol Strategy: Sendable {
    /// `start` are configurations that are evaluated before the first ask (the default); they are told like any other.
    init(space: SearchSpace, seed: UInt64)

    /// Up to `count` different configurations not asked or told before; empty when nothing is left worth trying.
    mutating func ask(_ count: Int) -> [Int]

    /// Outcomes, in trial order.
    mutating func tell(_ outcomes: [Told])
}
