#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a challenger must show to replace the holder of a place.
public struct AcceptanceTerms: Hashable, Codable, Sendable {
    /// Probability that the interval of the ratio covers the true one, over all looks at the launches together.
    public var confidence: Double
    /// Least share of the holder's time by which the challenger must be faster.
    public var leastEffect: Double
    /// Whether only challengers that compute the holder's very bits are admitted.
    public var bitwiseStable: Bool

    /// What each of them may be: a confidence that no launches reach, or an effect of nothing or everything, decides nothing.
    public static let confidences = 0.5...0.9999
    public static let effects = 0.0...0.5

    public init(
        confidence: Double = 0.99, leastEffect: Double = 0.01, bitwiseStable: Bool = false
    ) {
        self.confidence = confidence
        self.leastEffect = leastEffect
        self.bitwiseStable = bitwiseStable
    }
}

/// Decides between a challenger and a holder, launch by launch.
///
/// It looks at the launches a few times and stops as soon as they decide. Each look spends its own part of the error that the confidence
/// allows, the first two a quarter each, the last a half; so looking several times costs confidence nothing. How many launches
/// the first look needs follows from that: ten of ten are on one side by chance more rarely than the 0.125 % that 99 % leave for it.
struct AcceptanceTest: Sendable {
    /// What a look says.
    enum Decision: Hashable, Sendable {
        case accepted
        case refused
        case undecided
    }

    /// Looks, each at half as many launches again as the one before. A difference that three do not show is within the noise of this machine.
    private static let lookCount = 3
    /// However low the confidence, fewer launches are no sample of how pages may lie.
    private static let leastLaunches = 5

    let terms: AcceptanceTerms
    /// At how many launches it looks, ascending, and what probability each look may err with, on either side.
    let looks: [(launches: Int, tail: Double)]
    /// log(challenger / holder) of each launch.
    private(set) var logarithms: [Double] = []
    private(set) var decision = Decision.undecided
    /// As of the last look.
    private(set) var interval: SignedRankInterval?

    init(_ terms: AcceptanceTerms) {
        self.terms = terms
        let error = (1 - terms.confidence) / 2
        var looks: [(launches: Int, tail: Double)] = []
        for look in 1...Self.lookCount {
            let tail = look == Self.lookCount ? error / 2 : error / 4
            let grown = looks.last.map { ($0.launches * 3 + 1) / 2 } ?? Self.leastLaunches
            looks.append((max(grown, SignedRankInterval.leastCount(tail: tail)), tail))
        }
        self.looks = looks
    }

    /// Whether there is no more to learn.
    var isOver: Bool {
        decision != .undecided || logarithms.count >= (looks.last?.launches ?? 0)
    }

    mutating func add(_ logarithm: Double) {
        logarithms.append(logarithm)
        guard let look = looks.first(where: { $0.launches == logarithms.count }) else { return }
        let interval = SignedRankInterval(logarithms, tail: look.tail)
        self.interval = interval
        let effect = log(1 - terms.leastEffect)
        if interval.upper < 0, interval.estimate <= effect {
            decision = .accepted
        } else if interval.lower > effect || interval.estimate > effect / 2 {
            // It is not faster by as much; or, though that may still be, it does not look like it. The second costs a few true
            // winners and never makes a false one.
            decision = .refused
        }
    }
}
