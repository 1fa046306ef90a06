/// Extremely randomised regression trees (Geurts, Ernst, Wehenkel 2006): each node splits at a random threshold, the best of a few
/// random features. They follow cliffs, which smooth models do not, and their spread says where nothing is known.
struct ExtraTrees: Sendable {
    var trees = 32
    /// Features tried at a node. Few: more of them make the trees alike, and the search blind to what it has not tried.
    var tries = 3
    /// Whether the last column is tried at every node.
    var alwaysTriesLast = false

    /// What all trees together say of one row.
    struct Prediction: Hashable, Sendable {
        var mean: Float
        var deviation: Float
    }

    /// Learns `targets` (one a row of `points`) and predicts the rows of `candidates`.
    ///
    /// A tree is never kept: points and candidates are sorted into its leaves together, which costs a pass over the candidates a
    /// level instead of a walk from the root for each. The trees do not depend on the candidates.
    func predict(
        points: FeatureMatrix, targets: [Float], candidates: FeatureMatrix,
        using generator: inout SeededGenerator
    ) -> [Prediction] {
        precondition(points.rows == targets.count && points.columns == candidates.columns)
        var sums = [Prediction](
            repeating: Prediction(mean: 0, deviation: 0), count: candidates.rows)
        var pointRows = Array(0..<Int32(points.rows))
        var candidateRows = Array(0..<Int32(candidates.rows))
        var spare = [Int32](repeating: 0, count: max(points.rows, candidates.rows))
        points.values.withUnsafeBufferPointer { pointValues in
            candidates.values.withUnsafeBufferPointer { candidateValues in
                targets.withUnsafeBufferPointer { targets in
                    sums.withUnsafeMutableBufferPointer { sums in
                        spare.withUnsafeMutableBufferPointer { spare in
                            var growth = Growth(
                                forest: self, columns: points.columns,
                                points: pointValues, pointCount: points.rows,
                                candidates: candidateValues, candidateCount: candidates.rows,
                                targets: targets, sums: sums, spare: spare, generator: generator)
                            pointRows.withUnsafeMutableBufferPointer { pointRows in
                                candidateRows.withUnsafeMutableBufferPointer { candidateRows in
                                    for _ in 0..<trees { growth.grow(pointRows, candidateRows) }
                                }
                            }
                            generator = growth.generator
                        }
                    }
                }
            }
        }
        let scale = 1 / Float(max(1, trees))
        for row in sums.indices {
            let mean = sums[row].mean * scale
            let variance = max(0, sums[row].deviation * scale - mean * mean)
            sums[row] = Prediction(mean: mean, deviation: variance.squareRoot())
        }
        return sums
    }

    /// The state of growing trees over raw storage.
    private struct Growth {
        let forest: ExtraTrees
        let columns: Int
        let points: UnsafeBufferPointer<Float>
        let pointCount: Int
        let candidates: UnsafeBufferPointer<Float>
        let candidateCount: Int
        let targets: UnsafeBufferPointer<Float>
        /// Per candidate: sum of leaf means, and of leaf variances plus squared means.
        let sums: UnsafeMutableBufferPointer<Prediction>
        let spare: UnsafeMutableBufferPointer<Int32>
        var generator: SeededGenerator
        /// Columns in the order they are drawn.
        var order: [Int]

        init(
            forest: ExtraTrees, columns: Int, points: UnsafeBufferPointer<Float>, pointCount: Int,
            candidates: UnsafeBufferPointer<Float>, candidateCount: Int,
            targets: UnsafeBufferPointer<Float>, sums: UnsafeMutableBufferPointer<Prediction>,
            spare: UnsafeMutableBufferPointer<Int32>, generator: SeededGenerator
        ) {
            self.forest = forest
            self.columns = columns
            self.points = points
            self.pointCount = pointCount
            self.candidates = candidates
            self.candidateCount = candidateCount
            self.targets = targets
            self.sums = sums
            self.spare = spare
            self.generator = generator
            order = Array(0..<columns)
        }

        /// Splits these points and candidates until the points of a leaf agree or are one.
        mutating func grow(
            _ rows: UnsafeMutableBufferPointer<Int32>,
            _ candidateRows: UnsafeMutableBufferPointer<Int32>
        ) {
            var sum: Float = 0
            var squares: Float = 0
            for row in rows {
                let target = targets[Int(row)]
                sum += target
                squares += target * target
            }
            let mean = sum / Float(rows.count)
            let variance = max(0, squares / Float(rows.count) - mean * mean)
            guard variance > 1e-9, let split = split(rows, sum: sum) else {
                let second = variance + mean * mean
                for row in candidateRows {
                    sums[Int(row)].mean += mean
                    sums[Int(row)].deviation += second
                }
                return
            }
            let pointsBelow = partition(
                rows, by: points.baseAddress! + split.column * pointCount, at: split.threshold)
            let candidatesBelow = partition(
                candidateRows, by: candidates.baseAddress! + split.column * candidateCount,
                at: split.threshold)
            grow(
                .init(rebasing: rows[..<pointsBelow]),
                .init(rebasing: candidateRows[..<candidatesBelow]))
            grow(
                .init(rebasing: rows[pointsBelow...]),
                .init(rebasing: candidateRows[candidatesBelow...]))
        }

        /// The split that explains most of the spread, of one random threshold for each of a few columns that are not constant here.
        private mutating func split(_ rows: UnsafeMutableBufferPointer<Int32>, sum: Float) -> (
            column: Int, threshold: Float
        )? {
            var best: (gain: Float, column: Int, threshold: Float)?
            var tried = 0
            func consider(_ column: Int, _ generator: inout SeededGenerator) {
                let values = points.baseAddress! + column * pointCount
                var low = Float.infinity
                var high = -Float.infinity
                for row in rows {
                    low = min(low, values[Int(row)])
                    high = max(high, values[Int(row)])
                }
                guard low < high else { return }
                tried += 1
                // Below `high` also after rounding: neither side may be empty.
                let threshold = min(
                    low + (high - low) * Float.random(in: 0..<1, using: &generator), high.nextDown)
                var below = 0
                var sumBelow: Float = 0
                for row in rows where values[Int(row)] <= threshold {
                    below += 1
                    sumBelow += targets[Int(row)]
                }
                let a = Float(below)
                let b = Float(rows.count - below)
                let difference = sumBelow / a - (sum - sumBelow) / b
                let gain = a * b * difference * difference
                if gain > best?.gain ?? -1 { best = (gain, column, threshold) }
            }
            if forest.alwaysTriesLast {
                consider(columns - 1, &generator)
                tried = 0
            }
            for position in 0..<columns where tried < forest.tries {
                order.swapAt(position, Int.random(in: position..<columns, using: &generator))
                consider(order[position], &generator)
            }
            return best.map { ($0.column, $0.threshold) }
        }

        /// Brings rows with a value of at most `threshold` to the front; returns how many there are.
        private func partition(
            _ rows: UnsafeMutableBufferPointer<Int32>, by values: UnsafePointer<Float>,
            at threshold: Float
        ) -> Int {
            var below = 0
            var above = 0
            for position in rows.indices {
                let row = rows[position]
                let isBelow = values[Int(row)] <= threshold
                rows[below] = row
                spare[above] = row
                below += isBelow ? 1 : 0
                above += isBelow ? 0 : 1
            }
            for position in 0..<above { rows[below + position] = spare[position] }
            return below
        }
    }
}
