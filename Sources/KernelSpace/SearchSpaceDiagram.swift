/// A counted decision diagram: all valid combinations of some parameters' values, without a list of them.
///
/// Level d decides one parameter. A node stands for all prefixes that leave the same choices open; its edges are runs of
/// value indices that lead to the same node of the next level. A combination is a path from the root, and counts at the
/// edges number the paths in lexicographic order.
struct SearchSpaceDiagram: Sendable {
    typealias Number = SearchSpace.Number

    /// Consecutive value indices with the same continuation.
    struct Edge: Hashable, Sendable {
        var first: Int32
        var last: Int32
        /// A node of the next level.
        var child: Int32
    }

    struct Level: Sendable {
        /// Position of the parameter among the space's parameters.
        var position: Int
        /// Node n has the edges `starts[n] ..< starts[n + 1]`, ascending.
        var starts: [Int32]
        var edges: [Edge]
        /// By edge: how many combinations of its node come before it.
        var before: [Number]
        /// By node: how many combinations continue it.
        var counts: [Number]
    }

    private(set) var levels: [Level]

    /// Number of combinations.
    var count: Number { levels.first?.counts[0] ?? 1 }

    /// Counts the paths below every node; `levels` come from the root down. Throws beyond 2¹²⁷ - 1 paths.
    init(positions: [Int], starts: [[Int32]], edges: [[Edge]]) throws(KernelSpaceError) {
        levels = []
        var below: [Number] = [1]
        for depth in positions.indices.reversed() {
            var level = Level(
                position: positions[depth], starts: [0], edges: [], before: [], counts: [])
            level.edges.reserveCapacity(edges[depth].count)
            level.before.reserveCapacity(edges[depth].count)
            level.starts.reserveCapacity(starts[depth].count)
            level.counts.reserveCapacity(starts[depth].count)
            for node in starts[depth].indices.dropLast() {
                var sum: Number = 0
                for edge in starts[depth][node]..<starts[depth][node + 1] {
                    let edge = edges[depth][Int(edge)]
                    let width = below[Int(edge.child)]
                    // A prefix that no constraint refused yet may still have no continuation.
                    if width == 0 { continue }
                    level.edges.append(edge)
                    level.before.append(sum)
                    let run = width.multipliedReportingOverflow(
                        by: Number(edge.last - edge.first + 1))
                    let next = sum.addingReportingOverflow(run.partialValue)
                    guard !run.overflow, !next.overflow else { throw SearchSpace.tooMany }
                    sum = next.partialValue
                }
                level.starts.append(Int32(level.edges.count))
                level.counts.append(sum)
            }
            below = level.counts
            levels.append(level)
        }
        levels.reverse()
    }

    /// Exactly these combinations of `width` indices, which are ascending and distinct.
    ///
    /// From the last level up, prefixes with equal edges become one node.
    init(rows: [[Int]], width: Int) throws(KernelSpaceError) {
        var starts = [[Int32]](repeating: [0], count: width)
        var edges = [[Edge]](repeating: [], count: width)
        // First row and node of each prefix that is as long as the current depth, here of all rows whole.
        var prefixes = rows.indices.map { (row: $0, node: Int32(0)) }
        for depth in (0..<width).reversed() {
            var numbers: [[Edge]: Int32] = [:]
            var shorter: [(row: Int, node: Int32)] = []
            var next = 0
            while next < prefixes.count {
                let first = prefixes[next].row
                var node: [Edge] = []
                while next < prefixes.count,
                    rows[prefixes[next].row][..<depth] == rows[first][..<depth]
                {
                    let index = Int32(rows[prefixes[next].row][depth])
                    let child = prefixes[next].node
                    if let last = node.last, last.child == child, last.last + 1 == index {
                        node[node.count - 1].last = index
                    } else {
                        node.append(Edge(first: index, last: index, child: child))
                    }
                    next += 1
                }
                let number = numbers[node] ?? Int32(numbers.count)
                if numbers.updateValue(number, forKey: node) == nil {
                    edges[depth] += node
                    starts[depth].append(Int32(edges[depth].count))
                }
                shorter.append((first, number))
            }
            prefixes = shorter
        }
        try self.init(positions: Array(0..<width), starts: starts, edges: edges)
    }

    /// Combinations that continue a node of the level after `depth`.
    private func width(after depth: Int, _ child: Int32) -> Number {
        depth + 1 < levels.count ? levels[depth + 1].counts[Int(child)] : 1
    }

    /// Writes the value indices of combination `number` to their parameters' positions.
    func copyIndices(of number: Number, to indices: inout [Int]) {
        var rest = number
        var node = 0
        for depth in levels.indices {
            let edge = edge(at: depth, of: node, holding: rest)
            rest -= levels[depth].before[edge]
            let run = levels[depth].edges[edge]
            let (steps, remainder) = Self.divide(rest, by: width(after: depth, run.child))
            indices[levels[depth].position] = Int(run.first) + Int(steps)
            rest = remainder
            node = Int(run.child)
        }
    }

    /// Most numbers fit 64 bits, whose division is many times faster.
    static func divide(_ number: Number, by divisor: Number) -> (Number, Number) {
        if number <= Number(Int.max), divisor <= Number(Int.max) {
            let (quotient, remainder) = Int(truncatingIfNeeded: number)
                .quotientAndRemainder(dividingBy: Int(truncatingIfNeeded: divisor))
            return (Number(quotient), Number(remainder))
        }
        return number.quotientAndRemainder(dividingBy: divisor)
    }

    private func edge(at depth: Int, of node: Int, holding number: Number) -> Int {
        var low = Int(levels[depth].starts[node])
        var high = Int(levels[depth].starts[node + 1])
        while high - low > 1 {
            let middle = (low + high) / 2
            if levels[depth].before[middle] <= number { low = middle } else { high = middle }
        }
        return low
    }

    private func edge(at depth: Int, of node: Int, with index: Int) -> Int? {
        var low = Int(levels[depth].starts[node])
        let end = Int(levels[depth].starts[node + 1])
        var high = end
        while low < high {
            let middle = (low + high) / 2
            if levels[depth].edges[middle].last < index { low = middle + 1 } else { high = middle }
        }
        return low < end && levels[depth].edges[low].first <= index ? low : nil
    }

    /// Number of the combination that has these indices at its parameters' positions; nil if it is not valid.
    func number(of indices: [Int]) -> Number? {
        count == 0 ? nil : number(of: indices, from: 0, node: 0)
    }

    private func number(of indices: [Int], from depth: Int, node: Int) -> Number? {
        var number: Number = 0
        var node = node
        for depth in depth..<levels.count {
            let index = indices[levels[depth].position]
            guard let edge = edge(at: depth, of: node, with: index) else { return nil }
            let run = levels[depth].edges[edge]
            number +=
                levels[depth].before[edge]
                + Number(index - Int(run.first)) * width(after: depth, run.child)
            node = Int(run.child)
        }
        return number
    }

    /// Numbers of the combinations that differ from a valid one in one index, in no order.
    func neighbours(of indices: [Int]) -> [Number] {
        var neighbours: [Number] = []
        var before: Number = 0
        var node = 0
        for (depth, level) in levels.enumerated() {
            let own = indices[level.position]
            var next = node
            var nextBefore = before
            for edge in level.starts[node]..<level.starts[node + 1] {
                let run = level.edges[Int(edge)]
                let width = width(after: depth, run.child)
                let start = before + level.before[Int(edge)]
                if Int(run.first) <= own, own <= Int(run.last) {
                    next = Int(run.child)
                    nextBefore = start + Number(own - Int(run.first)) * width
                    if run.first == run.last { continue }
                }
                guard let rest = number(of: indices, from: depth + 1, node: Int(run.child)) else {
                    continue
                }
                for index in Int(run.first)...Int(run.last) where index != own {
                    neighbours.append(start + Number(index - Int(run.first)) * width + rest)
                }
            }
            node = next
            before = nextBefore
        }
        return neighbours
    }

    /// Calls `body` for every combination in order of numbers, its indices being in `indices`.
    func forEach(
        _ indices: inout [Int], _ body: (inout [Int]) throws -> Void
    ) rethrows {
        if count > 0 { try visit(0, node: 0, &indices, body) }
    }

    private func visit(
        _ depth: Int, node: Int, _ indices: inout [Int], _ body: (inout [Int]) throws -> Void
    ) rethrows {
        guard depth < levels.count else { return try body(&indices) }
        let position = levels[depth].position
        for edge in levels[depth].starts[node]..<levels[depth].starts[node + 1] {
            let run = levels[depth].edges[Int(edge)]
            for index in Int(run.first)...Int(run.last) {
                indices[position] = index
                try visit(depth + 1, node: Int(run.child), &indices, body)
            }
        }
    }
}
