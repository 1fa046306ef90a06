/// What came between a candidate and its core while it was timed.
public struct Disturbance: Hashable, Codable, Sendable {
    /// Times a thread lost its core to another task, and times it gave it up by itself.
    public var involuntarySwitches: Int
    public var voluntarySwitches: Int
    /// Page faults that needed no disk, and those that did.
    public var minorFaults: Int
    public var majorFaults: Int
    /// Samples that ended on another core than they began on.
    public var migrations: Int
    /// Time that the threads wanted a core and had none, in seconds, summed over them: another task had it, or the hypervisor took it
    /// away. Nil for more threads than cores, which take each other's.
    public var offCoreSeconds: Double?

    public init(
        involuntarySwitches: Int = 0, voluntarySwitches: Int = 0, minorFaults: Int = 0,
        majorFaults: Int = 0, migrations: Int = 0, offCoreSeconds: Double? = 0
    ) {
        self.involuntarySwitches = involuntarySwitches
        self.voluntarySwitches = voluntarySwitches
        self.minorFaults = minorFaults
        self.majorFaults = majorFaults
        self.migrations = migrations
        self.offCoreSeconds = offCoreSeconds
    }

    /// Both together. Wraps round: counts come from a process that runs foreign code, and must not stop the one that adds them.
    public static func + (a: Self, b: Self) -> Self {
        var sum = a
        sum.involuntarySwitches &+= b.involuntarySwitches
        sum.voluntarySwitches &+= b.voluntarySwitches
        sum.minorFaults &+= b.minorFaults
        sum.majorFaults &+= b.majorFaults
        sum.migrations &+= b.migrations
        sum.offCoreSeconds = [a.offCoreSeconds, b.offCoreSeconds].compactMap(\.self)
            .reduce(nil) { ($0 ?? 0) + $1 }
        return sum
    }

    // MARK: - What it costs

    /// Share of a sample that may be lost before it counts as tainted: half of the least effect that a comparison looks for, 1 %.
    public static let tolerableShare = 0.005
    /// After a switch or a migration the nearer caches are cold: 1 MiB of second level at 20 GB/s.
    static let refillSeconds = 50e-6
    /// 1.7 µs were measured under KVM, a quarter of that without it.
    static let minorFaultSeconds = 2e-6
    /// A read from a fast disk.
    static let majorFaultSeconds = 100e-6

    /// About how much longer it made what was timed, in seconds. Switches between threads that share a core by intention are free.
    public var estimatedLoss: Double {
        var loss =
            Double(minorFaults) * Self.minorFaultSeconds
            + Double(majorFaults) * Self.majorFaultSeconds
            + Double(migrations) * Self.refillSeconds
        if let offCoreSeconds {
            loss += offCoreSeconds + Double(involuntarySwitches) * Self.refillSeconds
        }
        return loss
    }

    /// Whether a sample of `seconds` with this in it says more of the machine than of the candidate.
    public func taints(_ seconds: Double) -> Bool {
        estimatedLoss > Self.tolerableShare * seconds
    }
}
