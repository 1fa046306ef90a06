import Foundation

/// Ratios of best-found time to optimum after some budget, by space, and what they say together.
public struct SearchStatistics: Sendable {
    /// One array a space, one ratio a seed.
    public let ratios: [[Double]]

    public init(ratios: [[Double]]) { self.ratios = ratios }

    /// A run this near to the optimum has found it.
    public static let tolerance = 0.05
    static let resamples = 2_000

    /// Geometric mean over the runs of each space, then over spaces.
    public var geometricMean: Double { exp(Self.meanLogarithm(ratios.map { $0.map { log($0) } })) }

    /// Share of runs within the tolerance, every space counting alike.
    public var shareWithinTolerance: Double {
        let shares = ratios.map { runs in
            Double(runs.count { $0 <= 1 + Self.tolerance }) / Double(runs.count)
        }
        return shares.reduce(0, +) / Double(shares.count)
    }

    /// Bootstrap 95 % interval of the geometric mean: seeds drawn again within each space.
    public var interval: ClosedRange<Double> {
        Self.interval(of: resampledMeans(seed: 1))
    }

    /// Excess over the optimum (geometric mean − 1) as a fraction of a peer's, and its bootstrap interval.
    public func excess(over peer: SearchStatistics) -> (
        fraction: Double, interval: ClosedRange<Double>
    ) {
        func excess(_ mean: Double) -> Double { max(mean - 1, 1e-9) }
        let fractions = zip(resampledMeans(seed: 1), peer.resampledMeans(seed: 2)).map {
            excess($0) / excess($1)
        }
        return (
            excess(geometricMean) / excess(peer.geometricMean), Self.interval(of: fractions)
        )
    }

    private func resampledMeans(seed: UInt64) -> [Double] {
        var generator = SeededGenerator(seed: seed)
        let logarithms = ratios.map { $0.map { log($0) } }
        return (0..<Self.resamples).map { _ in
            exp(
                Self.meanLogarithm(
                    logarithms.map { runs in
                        runs.map { _ in runs[Int.random(in: runs.indices, using: &generator)] }
                    }))
        }
    }

    private static func meanLogarithm(_ logarithms: [[Double]]) -> Double {
        let means = logarithms.map { $0.reduce(0, +) / Double($0.count) }
        return means.reduce(0, +) / Double(means.count)
    }

    private static func interval(of samples: [Double]) -> ClosedRange<Double> {
        let sorted = samples.sorted()
        let outside = sorted.count / 40
        return sorted[outside]...sorted[sorted.count - 1 - outside]
    }
}
