/// Whether a candidate is given up as slower than the best so far, before its samples are complete.
///
/// A candidate that is really as fast as the best loses only if every one of its samples was disturbed. Bursts hit one sample in ten and make
/// it up to three times as long; so three samples that are all slow are a burst each once in a thousand times, and what takes four
/// times as long is none. Whoever is given up keeps its samples: they are a measurement, only less exact than others.
public struct Racing: Hashable, Codable, Sendable {
    /// Seconds a call of the best so far.
    public var best: Double

    /// How many samples must all be slow.
    public static let samples = 3
    /// By how much: the best may have been lucky, and a candidate within a few per cent may still turn out the faster one.
    public static let margin = 0.1
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
        samples.count >= Self.samples
            && samples.allSatisfy { $0 > (1 + Self.margin) * best }
    }
}
