/// What samples of one candidate say about its time a call: the mean of their lowest quarter, at least two.
///
/// Disturbance only ever adds time, so the low end of the samples is where the code's own speed shows: on a quiet core the minimum of
/// 200 repetitions came out the same to 0.04 % over minutes, while the median moved by 5 %. But a lone minimum can be a lucky shot (a
/// clock boost, a favourable page), gets lower the more samples are taken, and one of it wins a search. The mean of the lowest quarter
/// keeps the robustness and averages luck out; being a mean of a fixed share, it does not drift with the number of samples. Its
/// limit: when every sample is disturbed, so is it; comparing candidates against each other in rounds is the remedy.
public struct Estimate: Hashable, Sendable {
    /// The samples' unit.
    public var value: Double
    /// Width of its 95 % interval, as a share of it.
    public var relativeWidth: Double

    /// Resamples of the bootstrap: 2.5 % and 97.5 % of 200 are the 5th value from either end.
    private static let resamples = 200

    /// Precondition: at least one sample.
    public init(samples: [Double]) {
        precondition(!samples.isEmpty, "no samples to estimate from")
        value = Self.lowQuarterMean(samples.sorted())
        guard samples.count > 1, value > 0 else {
            relativeWidth = samples.count > 1 ? 0 : .infinity
            return
        }
        // A bootstrap, because the mean of order statistics has no handy formula; its generator is fixed, so that the same samples
        // give the same answer. With few samples it is optimistic, which the minimum of samples makes up for.
        var generator = SplitMix(seed: UInt64(samples.count))
        var estimates: [Double] = []
        var resample = samples
        for _ in 0..<Self.resamples {
            for index in resample.indices {
                resample[index] = samples[Int(generator.next() % UInt64(samples.count))]
            }
            estimates.append(Self.lowQuarterMean(resample.sorted()))
        }
        estimates.sort()
        let edge = Self.resamples / 40
        relativeWidth = (estimates[Self.resamples - 1 - edge] - estimates[edge]) / value
    }

    private static func lowQuarterMean(_ sorted: [Double]) -> Double {
        let count = min(max((sorted.count + 3) / 4, 2), sorted.count)
        return sorted.prefix(count).reduce(0, +) / Double(count)
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
