/// One thing that makes figures doubtful, said beside them.
public struct Concern: Hashable, Codable, Sendable {
    /// What is wrong, worst first.
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// Under a hypervisor, with samples that spread: whoever shares the host shows in them.
        case sharedHost
        /// The hypervisor gave the core's time to others.
        case stolenTime
        /// Samples were disturbed, more than the estimate is made for.
        case disturbedSamples
        /// The processor slowed down because of heat.
        case throttling
        /// The core's other hyper-thread worked.
        case siblingLoad
        /// Other cores worked, which share cache, memory and power.
        case otherLoad
        /// The clock follows the load.
        case governor
    }
    public var kind: Kind
    /// How bad: a share, for `throttling` a count, for `otherLoad` cores; to compare within a kind.
    public var value: Double
    /// As people read it: `measured on a shared host: ±3.1 %`.
    public var message: String

    init(_ kind: Kind, _ value: Double, _ message: String) {
        self.kind = kind
        self.value = value
        self.message = message
    }

    // MARK: - Bounds

    /// The least effect that a comparison calls a difference.
    static let leastEffect = AcceptanceTerms().leastEffect
    /// Time stolen counts as longer samples, so the same bound holds.
    static let stolenShare = leastEffect
    /// The estimate is made for bursts in one of ten samples.
    static let disturbedShare = 0.1
    /// A hyper-thread that always works leaves its neighbour about half of the core: a fiftieth of that costs the least effect.
    static let siblingLoad = 2 * leastEffect
    /// A neighbour that works less than half of the time leaves most samples alone, and the estimate looks at the fast ones.
    static let otherLoad = 0.5
    /// Governors that leave the clock where it is.
    static let steadyGovernors: Set<String> = ["performance", "userspace"]

    /// What is wrong with these conditions, worst kinds first.
    static func all(
        _ machine: MachineConditions, _ host: EnvironmentCertificate.Host,
        _ samples: EnvironmentCertificate.Samples
    ) -> [Concern] {
        var concerns: [Concern] = []
        if machine.hypervisor != nil, let spread = samples.spread, spread > leastEffect {
            concerns.append(
                Concern(.sharedHost, spread, "measured on a shared host: ±\(percent(spread))"))
        }
        if let share = host.stolenShare, share > stolenShare {
            concerns.append(
                Concern(.stolenTime, share, "\(percent(share)) of the core's time was stolen"))
        }
        let taken = Double(samples.kept) + Double(samples.repeated)
        let disturbed = (Double(samples.repeated) + Double(samples.tainted)) / max(taken, 1)
        if disturbed > disturbedShare {
            concerns.append(
                Concern(
                    .disturbedSamples, disturbed,
                    "\(percent(disturbed)) of samples disturbed (\(causes(samples)))"))
        }
        if let throttles = host.throttles, throttles > 0 {
            concerns.append(
                Concern(
                    .throttling, Double(throttles),
                    "slowed by heat \(throttles) time\(throttles == 1 ? "" : "s")"))
        }
        if let load = host.siblingLoad, load > siblingLoad {
            concerns.append(
                Concern(.siblingLoad, load, "its hyper-thread worked \(percent(load)) of the time"))
        }
        if let load = host.otherLoad, load > otherLoad {
            concerns.append(
                Concern(.otherLoad, load, "\(tenths(load * 10)) other cores worked meanwhile"))
        }
        if let governor = machine.governor, !steadyGovernors.contains(governor) {
            concerns.append(Concern(.governor, 1, "clock governor \(governor)"))
        }
        return concerns
    }

    private static func causes(_ samples: EnvironmentCertificate.Samples) -> String {
        let disturbance = samples.disturbance
        let counts = [
            (disturbance.involuntarySwitches, "switches"),
            (disturbance.minorFaults &+ disturbance.majorFaults, "page faults"),
            (disturbance.migrations, "migrations"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        let off = disturbance.offCoreSeconds.map { "\(whole($0 * 1000)) ms off the core" }
        let kept = samples.tainted > 0 ? ["\(samples.tainted) kept"] : []
        return (counts + [off].compactMap(\.self) + kept).joined(separator: ", ")
    }

    /// `0.4 %`, `12 %`
    static func percent(_ share: Double) -> String {
        share < 0.0995 ? "\(tenths(share * 1000)) %" : "\(whole(share * 100)) %"
    }

    /// A number given in tenths: `3.1`.
    private static func tenths(_ value: Double) -> String {
        let whole = whole(value)
        return "\(whole / 10).\(whole % 10)"
    }

    /// Rounded; a worker's figures are bounded by nothing.
    private static func whole(_ value: Double) -> Int {
        Int(min(max(value, 0), 1e9).rounded())
    }
}

extension [Concern] {
    /// The worst of each kind, worst kinds first.
    public func worst() -> [Concern] {
        Concern.Kind.allCases.compactMap { kind in
            filter { $0.kind == kind }.max { $0.value < $1.value }
        }
    }
}
