/// Whether a candidate is given up as slower than the best so far, before its samples are complete.
///
/// A candidate that is really as fast as the best loses only if every one of its samples was disturbed. Bursts hit one sample in ten and make
/// it up to three times as long: three that are all half as long again are bursts less than once in a thousand times, and what takes four
/// times as long is none. Smaller disturbances are more frequent; with a neighbour on the machine four samples in ten may be
/// hit, and five all are once in a hundred times. Whoever is given up keeps its samples: they are a measurement, only less exact than others.
public struct Racing: Hashable, Codable, Sendable {
    /// Seconds a call of the best so far.
    public var best: Double

    /// How many samples must all take longer than this many times the best. The least factor leaves room for a best that was lucky, and
    /// candidates within a few per cent may still turn out faster.
    public static let evidence = [(samples: 3, factor: 1.5), (samples: 5, factor: 1.1)]
    /// A call that takes this many times as long is no burst: the warm-up tells enough.
    public static let hopeless = 4.0

    public init(best: Double) { self.best = best }

    /// Whether the warm-up of `seconds` ends it. Calls shorter than a sample are not judged by it: cold caches may well
    /// make their first one ten times as long.
    public func isLost(warmUp seconds: Double, sampleSeconds: Double) -> Bool {
        seconds >= sampleSeconds && seconds > Self.hopeless * best
    }

    /// Whether these samples end it.
    public func isLost(_ samples: [Double]) -> Bool {
        guard let fastest = samples.min() else { return false }
        return Self.evidence.contains { samples.count >= $0.samples && fastest > $0.factor * best }
    }
}
