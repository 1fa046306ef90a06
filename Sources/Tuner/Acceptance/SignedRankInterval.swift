/// The centre of a symmetric distribution with its exact confidence interval, from a few values: Hodges and Lehmann's estimate and Tukey's
/// interval, which belong to Wilcoxon's signed-rank test (Hollander, Wolfe, Chicken, Nonparametric Statistical Methods, 3.1–3.3).
///
/// A t-interval would claim more than five or ten launches can show: where pages make a launch fast or slow by chance, the values have two
/// clusters, and five of one cluster, once in sixteen times, look certain. This interval is exact for every symmetric distribution, and two
/// copies of one variant are symmetric whatever the noise is: each has the same chance of any luck. A launch that went wrong
/// altogether moves it little, where it would make the t-interval too wide to decide anything.
struct SignedRankInterval: Hashable, Sendable {
    /// The median of the averages of all pairs, each value with itself included.
    let estimate: Double
    /// Infinite where there are too few values for the confidence.
    let lower: Double
    let upper: Double

    /// Fewest values with a finite interval: all on one side by chance is one in 2ⁿ.
    static func leastCount(tail: Double) -> Int {
        var count = 1
        var chance = 0.5
        while chance > tail {
            chance /= 2
            count += 1
        }
        return count
    }

    /// `tail` is the probability that the centre lies above the interval, and the same below. Precondition: at least one value.
    init(_ values: [Double], tail: Double) {
        precondition(!values.isEmpty, "no values to estimate from")
        var averages: [Double] = []
        for first in values.indices {
            for second in first..<values.count {
                averages.append((values[first] + values[second]) / 2)
            }
        }
        averages.sort()
        estimate = PairedRatio.median(averages) ?? 0
        let outside = Self.outside(values.count, tail: tail)
        lower = outside > 0 ? averages[outside - 1] : -.infinity
        upper = outside > 0 ? averages[averages.count - outside] : .infinity
    }

    /// How many of the rank sums 0, 1, 2 … together are no likelier than `tail`: as many averages, less one, lie outside at each end.
    private static func outside(_ count: Int, tail: Double) -> Int {
        // Probability of each rank sum: every rank is in it or not, by a coin.
        var chances = [1.0]
        for rank in 1...count {
            var next = [Double](repeating: 0, count: chances.count + rank)
            for (sum, chance) in chances.enumerated() {
                next[sum] += chance / 2
                next[sum + rank] += chance / 2
            }
            chances = next
        }
        var below = 0.0
        for (sum, chance) in chances.enumerated() {
            below += chance
            if below > tail { return sum }
        }
        return chances.count
    }
}
