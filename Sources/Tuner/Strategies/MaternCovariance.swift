import Foundation

/// A Matérn 5/2 covariance with a length a feature (Rasmussen, Williams 2006). Lengths and noise are found by maximum a posteriori: lengths are
/// few times the space's own size unless the trials say otherwise.
///
/// Features beside the parameters (products, quantities of constraints, alignments) are dimensions too, at first with three times the
/// length: on recorded spaces that halved what was lost without them.
struct MaternCovariance: Covariance {
    // More steps fit the noise: on recorded spaces 150 were worse than 60, and 30 as well.
    static let steps = StrategyOption(
        name: "steps", summary: "random steps of a fit of the process's lengths and noise",
        defaultValue: 60, range: 1...10_000)
    static let options = [steps]
    static let isFitted = true

    /// A fit looks at so many points, half of them the best.
    private static let fittedPoints = 80
    /// Lengths expected, in spans of a feature: of a parameter, of what is computed from several.
    private static let parameterLength = 0.7
    private static let otherLength = 2.0
    private static let lengthSpread = 1.0
    private static let expectedNoise = log(0.01)
    private static let noiseSpread = 1.5

    private let steps: Int
    /// By feature: logarithm of 1 / length.
    private var scales: [Double]
    private var expected: [Double]
    /// Logarithm of the noise's variance, the signal's being 1.
    private var logarithmOfNoise = expectedNoise

    var noise: Double { exp(logarithmOfNoise) }

    init(_ task: SearchTask, features: Features) {
        steps = Int(task.value(of: Self.steps))
        let parameters = features.parameterCount
        expected =
            Array(repeating: -log(Self.parameterLength), count: parameters)
            + Array(repeating: -log(Self.otherLength), count: features.count - parameters)
        scales = expected
    }

    /// A prior is expected to matter like a parameter.
    mutating func appendPrior() {
        expected.append(-log(Self.parameterLength))
        scales.append(-log(Self.parameterLength))
    }

    // MARK: Covariance

    func covariance(_ coordinates: Coordinates, of row: Int, with others: ArraySlice<Int>)
        -> [Double]
    {
        var squares = [Double](repeating: 0, count: others.count)
        for (column, scale) in zip(coordinates.columns, scales) {
            let weight = exp(2 * scale)
            for (index, other) in others.enumerated() {
                let difference = Double(column[row] - column[other])
                squares[index] += weight * difference * difference
            }
        }
        return squares.map(Self.covariance)
    }

    func fillCovariance(
        _ result: UnsafeMutableBufferPointer<Float>, _ coordinates: Coordinates, of row: Int,
        with range: Range<Int>
    ) {
        for index in result.indices { result[index] = 0 }
        for (column, scale) in zip(coordinates.columns, scales) {
            let weight = Float(exp(2 * scale))
            column.withUnsafeBufferPointer { column in
                let own = column[row]
                let others = UnsafeBufferPointer(rebasing: column[range])
                for index in result.indices {
                    let difference = others[index] - own
                    result[index] += weight * difference * difference
                }
            }
        }
        for index in result.indices {
            let square = 5 * result[index]
            let distance = square.squareRoot()
            result[index] = (1 + distance + square / 3) * exp(-distance)
        }
    }

    /// Matérn 5/2, by the square of the distance.
    private static func covariance(_ square: Double) -> Double {
        let distance = (5 * square).squareRoot()
        return (1 + distance + 5 * square / 3) * exp(-distance)
    }

    // MARK: Fitting

    /// Random steps from where the last fit ended, kept when they make the values likelier.
    mutating func fit(
        _ coordinates: Coordinates, points: [Int], values: [Double],
        using generator: inout SeededGenerator
    ) {
        let chosen = Self.chosen(values)
        let problem = FitProblem(
            coordinates, points: chosen.map { points[$0] }, values: chosen.map { values[$0] })
        var squares = problem.squares(scales)
        var least = cost(problem, squares)
        for step in 0..<steps {
            var candidate = self
            var moved = squares
            let size = (step % 3 == 0 ? 1 : 0.4) * Self.normal(using: &generator)
            let place = Int.random(in: 0..<scales.count + 2, using: &generator)
            if place == scales.count {
                candidate.logarithmOfNoise += size
            } else if place == scales.count + 1 {
                for feature in scales.indices { candidate.scales[feature] += size / 2 }
                let factor = exp(size)
                for index in moved.indices { moved[index] *= factor }
            } else {
                candidate.scales[place] += size
                problem.add(
                    exp(2 * candidate.scales[place]) - exp(2 * scales[place]), of: place,
                    to: &moved)
            }
            let cost = candidate.cost(problem, moved)
            guard cost < least else { continue }
            least = cost
            squares = moved
            self = candidate
        }
    }

    /// The lowest half of the limit and an even sample of the others; all, if they are few.
    private static func chosen(_ values: [Double]) -> [Int] {
        guard values.count > fittedPoints else { return Array(values.indices) }
        let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
        let half = fittedPoints / 2
        let rest = order.count - half
        return order.prefix(half)
            + (0..<fittedPoints - half).map { order[half + $0 * rest / (fittedPoints - half)] }
    }

    /// Negative logarithm of the posterior, the signal's variance being the likeliest.
    private func cost(_ problem: FitProblem, _ squares: [Double]) -> Double {
        var cost = problem.cost(covariances: squares.map(Self.covariance), noise: noise)
        for (scale, expected) in zip(scales, expected) {
            let deviation = (scale - expected) / Self.lengthSpread
            cost += deviation * deviation / 2
        }
        let deviation = (logarithmOfNoise - Self.expectedNoise) / Self.noiseSpread
        return cost + deviation * deviation / 2
    }

    /// Box and Muller 1958.
    private static func normal(using generator: inout SeededGenerator) -> Double {
        let radius = (-2 * log(1 - Double.random(in: 0..<1, using: &generator))).squareRoot()
        return radius * cos(2 * .pi * Double.random(in: 0..<1, using: &generator))
    }
}

/// Points and values that hyperparameters are fitted to.
private struct FitProblem {
    private let values: [Double]
    /// By feature: squared differences of each pair of points, the second before the first.
    private let differences: [[Double]]

    init(_ coordinates: Coordinates, points: [Int], values: [Double]) {
        self.values = values
        differences = coordinates.columns.map { column in
            points.indices.flatMap { first in
                (0..<first).map { second in
                    let difference = Double(column[points[first]] - column[points[second]])
                    return difference * difference
                }
            }
        }
    }

    /// Squared distances of the pairs.
    func squares(_ scales: [Double]) -> [Double] {
        var squares = [Double](repeating: 0, count: values.count * (values.count - 1) / 2)
        for (feature, scale) in scales.enumerated() {
            add(exp(2 * scale), of: feature, to: &squares)
        }
        return squares
    }

    /// Adds `weight` times a feature's differences; what rounding leaves below 0 is 0.
    func add(_ weight: Double, of feature: Int, to squares: inout [Double]) {
        let differences = differences[feature]
        for pair in squares.indices {
            squares[pair] = max(0, squares[pair] + weight * differences[pair])
        }
    }

    /// Negative logarithm of the likelihood.
    func cost(covariances: [Double], noise: Double) -> Double {
        var factor: [[Double]] = []
        var solved: [Double] = []
        var logarithms = 0.0
        var pair = 0
        for index in values.indices {
            var row = [Double](repeating: 0, count: index + 1)
            for column in 0..<index {
                let sum = dotProduct(row, factor[column], count: column)
                row[column] = (covariances[pair] - sum) / factor[column][column]
                pair += 1
            }
            let rest = max(1 + noise - dotProduct(row, row, count: index), 1e-10)
            row[index] = rest.squareRoot()
            logarithms += log(rest) / 2
            solved.append((values[index] - dotProduct(row, solved, count: index)) / row[index])
            factor.append(row)
        }
        let variance = dotProduct(solved, solved, count: solved.count) / Double(values.count)
        return logarithms + Double(values.count) / 2 * log(max(variance, 1e-8))
    }
}
