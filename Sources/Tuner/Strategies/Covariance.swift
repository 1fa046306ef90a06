/// Features of candidates as numbers from 0 to 1.
struct Coordinates: Sendable {
    /// By feature and row.
    let columns: [[Float]]
    let rows: Int
}

/// How alike a Gaussian process takes two candidates to be: 1 for the same, the signal's variance being 1.
protocol Covariance: Sendable {
    static var options: [StrategyOption] { get }
    /// Whether it has anything to fit.
    static var isFitted: Bool { get }

    init(_ task: SearchTask, features: Features)

    /// Variance of the noise.
    var noise: Double { get }

    /// One more feature, the last: what a prior says.
    mutating func appendPrior()

    /// Of the candidate `row` with others.
    func covariance(_ coordinates: Coordinates, of row: Int, with others: ArraySlice<Int>)
        -> [Double]

    /// Of the candidate `row` with a range of candidates.
    func fillCovariance(
        _ result: UnsafeMutableBufferPointer<Float>, _ coordinates: Coordinates, of row: Int,
        with range: Range<Int>)

    /// Makes `values` at `points` (rows of the candidates) likelier.
    mutating func fit(
        _ coordinates: Coordinates, points: [Int], values: [Double],
        using generator: inout SeededGenerator)
}
