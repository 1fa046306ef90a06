/// Each feature adds its own part, whatever the others are, and these parts are nearly straight: what few trials already tell. Features are
/// logarithms, so that a part is about a power of its feature.
///
/// The mean over the features of a rational quadratic covariance, whose length is three times what a feature spans. What the parts do
/// not explain is noise.
struct TrendCovariance: Covariance {
    static let options: [StrategyOption] = []
    static let isFitted = false
    private static let length: Float = 3

    let noise = 0.2

    init(_ task: SearchTask, features: Features) {}

    func appendParameter() {}

    func covariance(_ coordinates: Coordinates, of row: Int, with others: ArraySlice<Int>)
        -> [Double]
    {
        others.map { other in
            let sum = coordinates.columns.reduce(0.0) {
                let distance = Double(($1[row] - $1[other]) / Self.length)
                return $0 + 1 / (1 + distance * distance)
            }
            return sum / Double(coordinates.columns.count)
        }
    }

    func fillCovariance(
        _ result: UnsafeMutableBufferPointer<Float>, _ coordinates: Coordinates, of row: Int,
        with range: Range<Int>
    ) {
        for index in result.indices { result[index] = 0 }
        let share = 1 / Float(coordinates.columns.count)
        for column in coordinates.columns {
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
