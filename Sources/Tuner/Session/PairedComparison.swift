/// Whether one configuration is faster than another, from samples taken in alternation.
///
/// Sample i of both was taken in round i, within milliseconds, so that whatever slows the machine slows both: the ratio of a round is
/// free of drift. The median of the ratios ignores bursts that hit one sample; its confidence interval comes from the order
/// statistics of the binomial distribution (Conover, Practical Nonparametric Statistics, 3.2) and assumes nothing about the noise
/// but the independence of rounds.
public struct PairedComparison: Hashable, Codable, Sendable {
    /// Median of challenger / holder; below 1 the challenger is faster.
    public var ratio: Double
    /// Confidence interval of the median.
    public var lower: Double
    public var upper: Double

    /// Probability that the true median lies outside the interval, at most.
    public static let significance = 0.01

    /// Nil without rounds.
    public init?(challenger: [Double], holder: [Double]) {
        let ratios = zip(challenger, holder).map { $0 / $1 }.sorted()
        guard !ratios.isEmpty else { return nil }
        let middle = ratios.count / 2
        ratio = ratios.count % 2 == 1 ? ratios[middle] : (ratios[middle - 1] + ratios[middle]) / 2
        if let outside = Self.outside(rounds: ratios.count) {
            lower = ratios[outside]
            upper = ratios[ratios.count - 1 - outside]
        } else {
            lower = 0
            upper = .greatestFiniteMagnitude
        }
    }

    /// Whether the challenger won at the stated confidence.
    public var challengerWins: Bool { upper < 1 }

    /// How many of the smallest (and of the largest) ratios lie outside the interval; nil when the rounds are too few for one.
    private static func outside(rounds: Int) -> Int? {
        var probability = 1.0
        for _ in 0..<rounds { probability /= 2 }
        var tail = 0.0
        var outside: Int?
        for k in 0..<rounds {
            tail += probability
            if 2 * tail > significance { break }
            outside = k
            probability *= Double(rounds - k) / Double(k + 1)
        }
        return outside
    }
}
