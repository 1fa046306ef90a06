/// Each feature adds its own part, whatever the others are, and these parts are nearly straight: what few trials already tell. Most features
/// are logarithms, so that a part is about a power of its feature.
///
/// The mean over the features of 1 / (1 + (d / length)²), a rational quadratic covariance; d = 1 is what a feature spans. What the parts do
/// not explain is noise. Length and noise: of those tried, the best on each of two kernels (docs/SEARCH.md). A prior, if there is one, is the last feature, and weighs as much as all others: it is a guess at the whole.
struct TrendCovariance: Covariance {
    static let options: [StrategyOption] = []
    static let isFitted = false
    private static let length: Float = 3

    var noise: Double { 0.2 }
    private var hasPrior = false

    init(_ task: SearchTask, features: Features) {}

    mutating func appendPrior() { hasPrior = true }

    /// What a feature contributes at most.
    private func share(of column: Int, count: Int) -> Float {
        guard hasPrior, count > 1 else { return 1 / Float(count) }
        return column == count - 1 ? 0.5 : 0.5 / Float(count - 1)
    }

    func covariance(_ coordinates: Coordinates, of row: Int, with others: ArraySlice<Int>)
        -> [Double]
    {
        others.map { other in
            coordinates.columns.enumerated().reduce(0.0) { sum, column in
                let distance = Double((column.element[row] - column.element[other]) / Self.length)
                let share = share(of: column.offset, count: coordinates.columns.count)
                return sum + Double(share) / (1 + distance * distance)
            }
        }
    }

    func fillCovariance(
        _ result: UnsafeMutableBufferPointer<Float>, _ coordinates: Coordinates, of row: Int,
        with range: Range<Int>
    ) {
        for index in result.indices { result[index] = 0 }
        for (position, column) in coordinates.columns.enumerated() {
            let share = share(of: position, count: coordinates.columns.count)
            column.withUnsafeBufferPointer { column in
                let own = column[row]
                let others = UnsafeBufferPointer(rebasing: column[range])
                for index in result.indices {
                    let distance = (others[index] - own) / Self.length
                    result[index] += share / (1 + distance * distance)
                }
            }
        }
    }

    func fit(
        _ coordinates: Coordinates, points: [Int], values: [Double],
        using generator: inout SeededGenerator
    ) {}
}
