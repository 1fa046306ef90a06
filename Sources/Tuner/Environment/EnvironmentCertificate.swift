import WorkerProtocol

/// Under which conditions something was measured: what a figure is worth.
public struct EnvironmentCertificate: Hashable, Codable, Sendable {
    /// What the host did meanwhile. Nil: the system does not tell.
    public struct Host: Hashable, Codable, Sendable {
        /// How long it was watched, in seconds.
        public var seconds: Double
        /// Share of the measuring core's time that the hypervisor gave to others.
        public var stolenShare: Double?
        /// Share of its time that the busiest hyper-thread beside the measuring core worked; nil where there is none, or a candidate used it.
        public var siblingLoad: Double?
        /// How many of the cores that no candidate used were busy, on average; nil where all were used.
        public var otherLoad: Double?
        /// Mean number of tasks that wanted to run in the last minute, and how many did at the beginning or the end.
        public var load: Double?
        public var runnable: Int?
        /// How often the core or its package was slowed because of heat.
        public var throttles: Int?
        /// The hottest sensor of the processor, in °C.
        public var temperature: Double?

        /// Nothing is known but what is given.
        public init(
            seconds: Double, stolenShare: Double? = nil, siblingLoad: Double? = nil,
            otherLoad: Double? = nil, load: Double? = nil, runnable: Int? = nil,
            throttles: Int? = nil, temperature: Double? = nil
        ) {
            self.seconds = seconds
            self.stolenShare = stolenShare
            self.siblingLoad = siblingLoad
            self.otherLoad = otherLoad
            self.load = load
            self.runnable = runnable
            self.throttles = throttles
            self.temperature = temperature
        }
    }
    /// What happened inside the samples.
    public struct Samples: Hashable, Codable, Sendable {
        /// Taken and kept.
        public var kept = 0
        /// Thrown away and taken again because the machine disturbed them.
        public var repeated = 0
        /// Kept though disturbed: there had been as many repeats as samples.
        public var tainted = 0
        /// Of all of them, repeated ones included.
        public var disturbance = Disturbance()
        /// Half the width of the estimates' 95 % intervals, as a share of them: the mean over candidates, weighted by their samples.
        public var spread: Double?

        /// Nothing yet.
        public init() {}
    }
    public var machine: MachineConditions
    public var host: Host
    public var samples: Samples
    /// What is wrong with all this, worst kinds first; empty for good conditions.
    public private(set) var concerns: [Concern]

    /// Derives the concerns.
    public init(machine: MachineConditions, host: Host, samples: Samples) {
        self.machine = machine
        self.host = host
        self.samples = samples
        concerns = Concern.all(machine, host, samples)
    }

    /// What several batches were measured under, as one; the machine as the last one found it. Nil for none.
    public init?(_ certificates: [EnvironmentCertificate]) {
        guard
            var (machine, host, samples) = certificates.first.map({
                ($0.machine, $0.host, $0.samples)
            })
        else { return nil }
        for next in certificates.dropFirst() {
            machine = next.machine
            host = host.joined(next.host)
            samples = samples.joined(next.samples)
        }
        self.init(machine: machine, host: host, samples: samples)
    }
}

extension EnvironmentCertificate.Host {
    /// From counters read at the beginning and the end; `used` are the cores that candidates ran on, the measuring one first.
    init(
        from start: HostCounters, to end: HostCounters, seconds: Double, used: [Int],
        siblings: [Int]
    ) {
        self.init(seconds: seconds)
        func share(_ core: Int, _ part: (HostCounters.CoreTime) -> Int) -> Double? {
            guard let first = start.cores[core], let last = end.cores[core],
                last.total > first.total
            else { return nil }
            // Counters of one core may step back by a tick when it wakes.
            return Double(max(part(last) - part(first), 0)) / Double(last.total - first.total)
        }
        stolenShare = used.first.flatMap { share($0) { $0.stolen } }
        siblingLoad = siblings.filter { !used.contains($0) }
            .compactMap { share($0) { $0.busy } }.max()
        let others = end.cores.keys.filter { !used.contains($0) }
            .compactMap { share($0) { $0.busy } }
        otherLoad = others.isEmpty ? nil : others.reduce(0, +)
        load = end.load
        runnable = [start.runnable, end.runnable].compactMap(\.self).max()
        if let before = start.throttles, let after = end.throttles {
            throttles = max(after - before, 0)
        }
        temperature = [start.temperature, end.temperature].compactMap(\.self).max()
    }

    /// Both, one after the other: shares by their time, counts added, the larger of what has no sum.
    func joined(_ next: Self) -> Self {
        func mean(_ part: KeyPath<Self, Double?>) -> Double? {
            Double.mean((self[keyPath: part], seconds), (next[keyPath: part], next.seconds))
        }
        var both = self
        both.seconds += next.seconds
        both.stolenShare = mean(\.stolenShare)
        both.siblingLoad = mean(\.siblingLoad)
        both.otherLoad = mean(\.otherLoad)
        both.load = [load, next.load].compactMap(\.self).max()
        both.runnable = [runnable, next.runnable].compactMap(\.self).max()
        both.throttles = [throttles, next.throttles].compactMap(\.self).reduce(nil) {
            ($0 ?? 0) + $1
        }
        both.temperature = [temperature, next.temperature].compactMap(\.self).max()
        return both
    }
}

extension EnvironmentCertificate.Samples {
    /// Those of one candidate.
    init(_ measurement: Measurement) {
        kept = measurement.samples.count
        repeated = measurement.repeatedSamples
        tainted = measurement.taintedSamples
        disturbance = measurement.disturbance
        // The few samples of what was given up say how bad it is, not how noisy the machine is.
        let error =
            measurement.racedAgainst == nil
            ? Estimate(samples: measurement.samples).relativeError : .infinity
        spread = error.isFinite ? error : nil
    }

    /// Both.
    func joined(_ next: Self) -> Self {
        var both = self
        both.kept &+= next.kept
        both.repeated &+= next.repeated
        both.tainted &+= next.tainted
        both.disturbance = disturbance + next.disturbance
        both.spread = Double.mean((spread, Double(kept)), (next.spread, Double(next.kept)))
        return both
    }
}

extension Double {
    /// Weighted, of those that are known.
    fileprivate static func mean(_ a: (Double?, Double), _ b: (Double?, Double)) -> Double? {
        guard let first = a.0 else { return b.0 }
        guard let second = b.0 else { return first }
        return a.1 + b.1 > 0 ? (first * a.1 + second * b.1) / (a.1 + b.1) : first
    }
}
