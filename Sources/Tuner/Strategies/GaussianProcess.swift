import Foundation
import KernelSpace

/// A Gaussian process (Rasmussen, Williams 2006): its covariance says what it sees, and it knows how far each candidate is from what was tried.
struct GaussianProcess<CovarianceFunction: Covariance>: Surrogate {
    static var options: [StrategyOption] { CovarianceFunction.options }

    /// The covariance is fitted anew when there is this much more to learn from, not at every trial: that costs most.
    private static var growth: Double { 1.15 }
    /// Candidates whose part of 256 points is 1 MiB, about a core's cache.
    private static var block: Int { 1_024 }

    private let features: Features
    private var covarianceFunction: CovarianceFunction
    /// Points at which it is fitted again.
    private var nextFit = 0
    private var coordinates = Coordinates(columns: [], rows: 0)
    private var hasPrior = false

    /// What was learnt: rows of the candidates.
    private var points: [Int] = []
    /// The lower Cholesky factor of the points' covariance, by row.
    private var factor: [[Double]] = []
    /// The candidates' covariance with the points, solved with the factor: by point and candidate.
    private var whitened: [Float] = []
    /// By candidate: the share of its variance that the points explain.
    private var explained: [Float] = []

    init(_ task: SearchTask, features: Features) {
        self.features = features
        covarianceFunction = CovarianceFunction(task, features: features)
    }

    mutating func take(_ candidates: [SearchSpace.Number], prior: [Float]?) {
        var columns = features.coordinates(of: candidates)
        if let prior { columns.append(prior) }
        if prior != nil, !hasPrior {
            covarianceFunction.appendPrior()
            hasPrior = true
        }
        coordinates = Coordinates(columns: columns, rows: candidates.count)
        nextFit = 0
        forget()
    }

    private mutating func forget() {
        points = []
        factor = []
        whitened = []
        explained = Array(repeating: 0, count: coordinates.rows)
    }

    mutating func predict(points: [Int], targets: [Float], using generator: inout SeededGenerator)
        -> [[Prediction]]
    {
        precondition(points.count == targets.count && !points.isEmpty)
        let mean = targets.reduce(0, +) / Float(targets.count)
        let centred = targets.map { Double($0 - mean) }
        let isSuccessor = points.starts(with: self.points)
        let isDue = CovarianceFunction.isFitted && points.count >= nextFit
        if isDue || !isSuccessor {
            covarianceFunction.fit(coordinates, points: points, values: centred, using: &generator)
            nextFit = max(points.count + 2, Int(Double(points.count) * Self.growth))
            forget()
        }
        let known = self.points.count
        self.points = points
        for point in known..<points.count { appendFactorRow(point) }
        appendWhitened(from: known)
        return [predictions(centred, mean: mean)]
    }

    // MARK: Learning

    private mutating func appendFactorRow(_ index: Int) {
        let covariance = covarianceFunction.covariance(
            coordinates, of: points[index], with: points[0...index])
        var row = [Double](repeating: 0, count: index + 1)
        for column in 0..<index {
            let sum = dotProduct(row, factor[column], count: column)
            row[column] = (covariance[column] - sum) / factor[column][column]
        }
        let rest = 1 + covarianceFunction.noise - dotProduct(row, row, count: index)
        row[index] = max(rest, 1e-9).squareRoot()
        factor.append(row)
    }

    /// By blocks of candidates that stay in the cache while all new points pass over them.
    private mutating func appendWhitened(from known: Int) {
        let rows = coordinates.rows
        whitened += Array(repeating: 0, count: (points.count - known) * rows)
        let (points, factor, covarianceFunction) = (points, factor, covarianceFunction)
        let coordinates = coordinates
        whitened.withUnsafeMutableBufferPointer { whitened in
            explained.withUnsafeMutableBufferPointer { explained in
                for start in stride(from: 0, to: rows, by: Self.block) {
                    let range = start..<min(start + Self.block, rows)
                    let sums = UnsafeMutableBufferPointer(rebasing: explained[range])
                    for point in known..<points.count {
                        let first = point * rows + start
                        let own = UnsafeMutableBufferPointer(
                            rebasing: whitened[first..<first + range.count])
                        covarianceFunction.fillCovariance(
                            own, coordinates, of: points[point], with: range)
                        let earlier = UnsafeBufferPointer(rebasing: whitened[start..<first])
                        Self.subtract(
                            earlier, stride: rows, weights: factor[point], count: point, from: own)
                        let scale = Float(1 / factor[point][point])
                        for index in own.indices {
                            own[index] *= scale
                            sums[index] += own[index] * own[index]
                        }
                    }
                }
            }
        }
    }

    /// Takes `weights[i]` times row i off, for i below `count`: four rows a pass, because loads are what it waits for.
    private static func subtract(
        _ rows: UnsafeBufferPointer<Float>, stride: Int, weights: [Double], count: Int,
        from own: UnsafeMutableBufferPointer<Float>
    ) {
        guard let rows = rows.baseAddress, let start = own.baseAddress else { return }
        var row = 0
        while row + 4 <= count {
            let a = rows + row * stride
            let (b, c, d) = (a + stride, a + 2 * stride, a + 3 * stride)
            let (wa, wb) = (Float(weights[row]), Float(weights[row + 1]))
            let (wc, wd) = (Float(weights[row + 2]), Float(weights[row + 3]))
            for index in 0..<own.count {
                start[index] -= (wa * a[index] + wb * b[index]) + (wc * c[index] + wd * d[index])
            }
            row += 4
        }
        while row < count {
            let a = rows + row * stride
            let weight = Float(weights[row])
            for index in 0..<own.count { start[index] -= weight * a[index] }
            row += 1
        }
    }

    // MARK: Predicting

    private func predictions(_ centred: [Double], mean: Float) -> [Prediction] {
        var solved: [Double] = []
        for (row, value) in zip(factor, centred) {
            let index = solved.count
            solved.append((value - dotProduct(row, solved, count: index)) / row[index])
        }
        // The signal's variance that makes these values likeliest.
        let variance = Float(
            max(dotProduct(solved, solved, count: solved.count) / Double(solved.count), 1e-8))
        var means = [Float](repeating: mean, count: coordinates.rows)
        means.withUnsafeMutableBufferPointer { means in
            whitened.withUnsafeBufferPointer { whitened in
                Self.subtract(
                    whitened, stride: coordinates.rows, weights: solved.map { -$0 },
                    count: solved.count, from: means)
            }
        }
        return zip(means, explained).map { mean, explained in
            Prediction(mean: mean, deviation: (variance * max(0, 1 - explained)).squareRoot())
        }
    }
}

/// Sum of the products of the first `count` elements.
func dotProduct(_ a: [Double], _ b: [Double], count: Int) -> Double {
    a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
            // Four sums: one would wait for itself.
            var sums = SIMD4<Double>.zero
            var index = 0
            while index + 4 <= count {
                let left = SIMD4(a[index], a[index + 1], a[index + 2], a[index + 3])
                let right = SIMD4(b[index], b[index + 1], b[index + 2], b[index + 3])
                sums += left * right
                index += 4
            }
            var sum = sums.sum()
            while index < count {
                sum += a[index] * b[index]
                index += 1
            }
            return sum
        }
    }
}
