/// What samples of one candidate say about its time a call: the mean of their lowest cluster, a quarter of the samples that lie close together.
///
/// Disturbance mostly adds time, so the low end of the samples is where the code's own speed shows; but a few are lucky (a clock boost, a
/// caller's work that the timer missed) and too short. Both are told from the code's own speed by being scattered: nothing else makes a quarter
/// of the samples agree. The mean answers to every burst, the minimum to every lucky sample, the median jumps when about half of the
/// samples are disturbed; the mean of the lowest quarter, which drifts with neither, keeps the lucky ones. What clusters is independent of all
/// that. Its limits: with three in four samples disturbed by different amounts nothing clusters, and when every sample is disturbed
/// alike, so is the estimate; comparing candidates against each other in rounds is the remedy for both.
public struct Estimate: Hashable, Sendable {
    /// The samples' unit.
    public var value: Double
    /// Its 95 % interval.
    public var lower: Double
    public var upper: Double

    /// Fewer cannot be told from chance: of five samples with two lucky ones or bursts, three agree.
    private static let smallestCluster = 3
    /// Samples within this of each other agree, whatever closer ones there are: two speeds of the machine that differ by less are one.
    private static let agreement = 0.01
    /// So do samples that are no farther apart than this many times the closest quarter.
    private static let looseness = 2.0
    /// Resamples of the bootstrap: 2.5 % and 97.5 % of 200 are the sixth value from either end.
    private static let resamples = 200

    /// Half the width of its interval, as a share of it: ±0.01 is 1 %. Infinite when there are too few samples to tell.
    public var relativeError: Double {
        value > 0 ? (upper - lower) / (2 * value) : upper > lower ? .infinity : 0
    }

    /// Precondition: at least one sample.
    public init(samples: [Double]) {
        precondition(!samples.isEmpty, "no samples to estimate from")
        let sorted = samples.sorted()
        value = Self.lowestCluster(sorted)
        guard samples.count >= Self.smallestCluster else {
            (lower, upper) = (0, .infinity)
            return
        }
        // A bootstrap, because the estimate has no handy formula; its generator is fixed, so that the same samples give the same
        // answer. With few samples it is optimistic, which the minimum of samples makes up for.
        var generator = SplitMix(seed: UInt64(samples.count))
        var estimates: [Double] = []
        estimates.reserveCapacity(Self.resamples)
        var resample = sorted
        var times = [Int](repeating: 0, count: sorted.count)
        for _ in 0..<Self.resamples {
            // Counted rather than sorted: this runs after every sample.
            for _ in sorted.indices { times[Int(generator.next() % UInt64(sorted.count))] += 1 }
            var next = 0
            for (index, sample) in sorted.enumerated() {
                for _ in 0..<times[index] {
                    resample[next] = sample
                    next += 1
                }
                times[index] = 0
            }
            estimates.append(Self.lowestCluster(resample))
        }
        estimates.sort()
        let edge = Self.resamples / 40
        lower = estimates[edge]
        upper = estimates[Self.resamples - 1 - edge]
    }

    /// The mean of the lowest quarter of neighbours that agree.
    private static func lowestCluster(_ sorted: [Double]) -> Double {
        let size = min(max((sorted.count + 3) / 4, smallestCluster), sorted.count)
        let starts = 0...(sorted.count - size)
        func width(_ start: Int) -> Double { sorted[start + size - 1] - sorted[start] }
        var closest = 0
        for start in starts where width(start) < width(closest) { closest = start }
        let allowed = max(looseness * width(closest), agreement * sorted[closest])
        let start = starts.first { width($0) <= allowed } ?? closest
        return sorted[start..<start + size].reduce(0, +) / Double(size)
    }
}

/// splitmix64 (G. Steele, D. Lea, C. Flood, Fast Splittable Pseudorandom Number Generators, 2014).
public struct SplitMix: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    /// The output function: a bijection in which every input bit reaches every output bit.
    @inline(__always)
    public static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
