/// Extremely randomised regression trees (Geurts, Ernst, Wehenkel 2006): each node splits at a random threshold, the best of a few
/// random features. They follow cliffs, which smooth models do not, and their spread says where nothing is known.
struct ExtraTrees: Sendable {
    var trees = 48
    /// Features tried at a node. Few: more of them make the trees alike, and the search blind to what it has not tried.
    var tries = 3

    /// Learns `targets` (one for each of `points`, rows of the table) and predicts every row.
    ///
    /// A tree is never kept: while it grows, the set of rows that reach a node is split with the node's points, which costs a pass over
    /// the words of the set instead of a walk from the root for each row. The trees do not depend on the rows that are no points.
    func predict(
        _ table: FeatureTable, points: [Int], targets: [Float],
        using generator: inout SeededGenerator
    ) -> [Prediction] {
        precondition(points.count == targets.count && !points.isEmpty)
        var growth = Growth(self, table, points, targets, generator)
        for _ in 0..<trees { growth.growTree() }
        generator = growth.generator
        let scale = 1 / Float(max(1, trees))
        return growth.sums.map { sum in
            let mean = sum.mean * scale
            return Prediction(
                mean: mean, deviation: max(0, sum.deviation * scale - mean * mean).squareRoot())
        }
    }

    /// The state of growing trees.
    private struct Growth {
        let forest: ExtraTrees
        let table: FeatureTable
        let targets: [Float]
        /// By column and point: the classes of points side by side.
        let classes: [UInt8]
        var generator: SeededGenerator
        /// Per row: sum of leaf means, and of leaf variances plus squared means.
        var sums: [Prediction]
        /// Points, those of a node side by side.
        var order: [Int32]
        /// Columns in the order they are drawn.
        var columns: [Int]
        /// Rows that reach a node, by the node's depth.
        var sets: [UInt64]

        init(
            _ forest: ExtraTrees, _ table: FeatureTable, _ points: [Int], _ targets: [Float],
            _ generator: SeededGenerator
        ) {
            self.forest = forest
            self.table = table
            self.targets = targets
            self.generator = generator
            classes = (0..<table.columns).flatMap { column in points.map { table[$0, column] } }
            sums = Array(repeating: Prediction(mean: 0, deviation: 0), count: table.rows)
            order = Array(0..<Int32(points.count))
            columns = Array(0..<table.columns)
            sets = Array(repeating: 0, count: table.words)
            for row in 0..<table.rows { sets[row / 64] |= 1 << UInt64(row % 64) }
        }

        mutating func growTree() { grow(0..<targets.count, depth: 0) }

        /// Splits these points, and the rows at `depth`, until the points of a leaf agree or are one.
        private mutating func grow(_ points: Range<Int>, depth: Int) {
            var sum: Float = 0
            var squares: Float = 0
            for point in order[points] {
                let target = targets[Int(point)]
                sum += target
                squares += target * target
            }
            let mean = sum / Float(points.count)
            let variance = max(0, squares / Float(points.count) - mean * mean)
            guard variance > 1e-9, let split = split(points, sum: sum) else {
                return addLeaf(mean: mean, second: variance + mean * mean, depth: depth)
            }
            let middle = partition(points, by: split)
            splitRows(by: split, keepingBelow: true, depth: depth)
            grow(points.lowerBound..<middle, depth: depth + 1)
            splitRows(by: split, keepingBelow: false, depth: depth)
            grow(middle..<points.upperBound, depth: depth + 1)
        }

        private typealias Split = (column: Int, highestBelow: UInt8)

        /// The split that explains most of the spread, of one random threshold for each of a few columns that are not constant here.
        private mutating func split(_ points: Range<Int>, sum: Float) -> Split? {
            var best: (gain: Float, split: Split)?
            var tried = 0
            for position in 0..<columns.count where tried < forest.tries {
                columns.swapAt(
                    position, Int.random(in: position..<columns.count, using: &generator))
                guard let found = consider(columns[position], points, sum: sum) else { continue }
                tried += 1
                if found.gain > best?.gain ?? -1 { best = found }
            }
            return best?.split
        }

        /// A random threshold of a column; nil if the points have one class.
        private mutating func consider(_ column: Int, _ points: Range<Int>, sum: Float) -> (
            gain: Float, split: Split
        )? {
            let first = column * targets.count
            return classes[first..<first + targets.count].withUnsafeBufferPointer { classes in
                order[points].withUnsafeBufferPointer { points in
                    var low = UInt8.max
                    var high = UInt8.min
                    for point in points {
                        low = min(low, classes[Int(point)])
                        high = max(high, classes[Int(point)])
                    }
                    guard low < high else { return nil }
                    let threshold = UInt8.random(in: low..<high, using: &generator)
                    var below: Float = 0
                    var sumBelow: Float = 0
                    targets.withUnsafeBufferPointer { targets in
                        for point in points where classes[Int(point)] <= threshold {
                            below += 1
                            sumBelow += targets[Int(point)]
                        }
                    }
                    let above = Float(points.count) - below
                    let difference = sumBelow / below - (sum - sumBelow) / above
                    return (below * above * difference * difference, (column, threshold))
                }
            }
        }

        /// Brings the points below the split to the front; returns where the others begin.
        private mutating func partition(_ points: Range<Int>, by split: Split) -> Int {
            let first = split.column * targets.count
            var middle = points.lowerBound
            for position in points {
                let point = order[position]
                guard classes[first + Int(point)] <= split.highestBelow else { continue }
                order.swapAt(position, middle)
                middle += 1
            }
            return middle
        }

        /// Makes the set of the next depth: the rows of this one on one side of the split.
        private mutating func splitRows(by split: Split, keepingBelow: Bool, depth: Int) {
            let words = table.words
            let own = depth * words
            if sets.count < own + 2 * words { sets += Array(repeating: 0, count: words) }
            let first = table.firstSet[split.column] + Int(split.highestBelow) * words
            let flip: UInt64 = keepingBelow ? 0 : .max
            table.sets.withUnsafeBufferPointer { classSets in
                sets.withUnsafeMutableBufferPointer { sets in
                    // Slices of their own: index arithmetic within the loop would keep it from being vectorised.
                    let below = UnsafeBufferPointer(rebasing: classSets[first..<first + words])
                    let from = UnsafeMutableBufferPointer(rebasing: sets[own..<own + words])
                    let to = UnsafeMutableBufferPointer(
                        rebasing: sets[own + words..<own + 2 * words])
                    for word in 0..<words { to[word] = from[word] & (below[word] ^ flip) }
                }
            }
        }

        private mutating func addLeaf(mean: Float, second: Float, depth: Int) {
            let set = sets[depth * table.words..<(depth + 1) * table.words]
            set.withUnsafeBufferPointer { set in
                sums.withUnsafeMutableBufferPointer { sums in
                    var first = 0
                    for word in set {
                        var rest = word
                        while rest != 0 {
                            let row = first &+ rest.trailingZeroBitCount
                            rest &= rest &- 1
                            sums[row].mean += mean
                            sums[row].deviation += second
                        }
                        first &+= 64
                    }
                }
            }
        }
    }
}
