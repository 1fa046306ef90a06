/// What the diagram's builder computes at one level: compiled once, run for every node.
struct SearchSpaceLevelPlan {
    /// One operation on nodes of the graph.
    struct Step {
        var operation: ExpressionOperation
        var left: Int
        var right: Int
        var target: Int
    }

    /// One operation on bounds; an operand that has a value already is that value.
    struct BoundStep {
        var step: Step
        var isLeftKnown: Bool
        var isRightKnown: Bool
    }

    /// A condition that reads this level's parameter. A class, since copies of its lists' references would cost as much as
    /// the work.
    final class Test {
        let condition: SearchSpaceConditions.Condition
        /// Its bit among decided conditions; 0 if it is decided here or there are too many.
        let bit: UInt64
        /// What it reads of earlier levels; irrelevant values there say that it is decided.
        let reads: [Int]
        /// The nodes that get their values here.
        let steps: [Step]
        /// Bounds of everything without a value: before the parameter has one, and after.
        let boundsBefore: [BoundStep]
        let boundsAfter: [BoundStep]
        /// Whether no values of the domains make it fail.
        let cannotFail: Bool
        /// How its truth moves with the parameter's value rank.
        let direction: ExpressionGraph.Direction
        /// Left and right of an equation whose difference moves in one direction, else nil.
        let equation: Equation?
        /// The dividend, if it says that the parameter's value divides something known.
        let dividend: Int?

        var isMonotone: Bool { direction == .up || direction == .down }

        init(
            _ condition: SearchSpaceConditions.Condition, bit: UInt64, reads: [Int], reach: [Int],
            depth: Int, position: Int, moving: ExpressionGraph.Direction, graph: ExpressionGraph,
            levels: [Int]
        ) {
            let bounds = graph.bounds[condition.root]
            let isClosing = levels[condition.root] == depth
            self.condition = condition
            self.bit = bit
            self.reads = reads
            steps = SearchSpaceLevelPlan.steps(reach, at: depth, graph, levels)
            boundsBefore = SearchSpaceLevelPlan.bounds(reach, from: depth, graph, levels)
            boundsAfter = SearchSpaceLevelPlan.bounds(reach, from: depth + 1, graph, levels)
            cannotFail = !bounds.mayFail
            direction =
                bounds.kind == .truth
                ? graph.direction(of: condition.root, with: position, moving: moving) : .none
            equation =
                isClosing ? SearchSpaceLevelPlan.equation(condition, position, graph, moving) : nil
            dividend =
                isClosing ? SearchSpaceLevelPlan.dividend(condition, depth, graph, levels) : nil
        }
    }

    struct Equation {
        var left: Int
        var right: Int
        var isNegated: Bool
        /// How left - right moves with the value index.
        var direction: ExpressionGraph.Direction
    }

    /// A value that the next level's state keeps.
    struct Kept {
        var node: Int
        var isComputedHere: Bool
        /// Bits of the conditions that read it.
        var readers: UInt64
    }

    var position: Int
    /// The node of the parameter's value.
    var slot: Int?
    var closing: [Test] = []
    var open: [Test] = []
    /// Open conditions that this level's parameter does not concern: bit and reads.
    var carried: [(bit: UInt64, reads: [Int])] = []
    /// What a state at this level holds.
    var state: [Int] = []
    /// What a state at the next level holds, and how what is new in it is computed.
    var kept: [Kept] = []
    var steps: [Step] = []
}

extension SearchSpaceLevelPlan {
    /// The last bit stands for all conditions beyond the 63rd, which never count as decided.
    private static func bit(_ index: Int) -> UInt64 { 1 << UInt64(min(index, 63)) }

    /// Plans of all levels. `moving` says how a level's values move with their rank.
    static func plans(
        order: [Int], conditions: [SearchSpaceConditions.Condition], graph: ExpressionGraph,
        moving: [ExpressionGraph.Direction]
    ) -> [SearchSpaceLevelPlan] {
        var levelOfSlot: [Int: Int] = [:]
        for (level, position) in order.enumerated() { levelOfSlot[position] = level }
        let levels = graph.levels(ofSlots: (0...(order.max() ?? 0)).map { levelOfSlot[$0] ?? -1 })
        let reaches = conditions.map { graph.reachable(from: $0.root) }
        let reads = reaches.map { reach in
            order.indices.map { depth in live(in: reach, after: depth, graph, levels) }
        }
        var state: [Int] = []
        return order.enumerated().map { depth, position in
            var plan = SearchSpaceLevelPlan(position: position, state: state)
            var readers: [Int: UInt64] = [:]
            var openCount = 0
            for (index, condition) in conditions.enumerated() {
                let reach = reaches[index]
                guard let first = reach.lazy.map({ levels[$0] }).filter({ $0 >= 0 }).min(),
                    first <= depth, levels[condition.root] >= depth
                else { continue }
                let slot = reach.first {
                    graph.nodes[$0].operation == .slot && levels[$0] == depth
                }
                plan.slot = slot ?? plan.slot
                let before = depth > 0 ? reads[index][depth - 1] : []
                let isClosing = levels[condition.root] == depth
                let bit = isClosing ? 0 : Self.bit(openCount)
                if !isClosing {
                    openCount += 1
                    for node in reads[index][depth] { readers[node, default: 0] |= bit }
                }
                guard slot != nil else {
                    plan.carried.append((bit, before))
                    continue
                }
                let test = Test(
                    condition, bit: bit == Self.bit(63) ? 0 : bit, reads: before, reach: reach,
                    depth: depth, position: position, moving: moving[depth], graph: graph,
                    levels: levels)
                if isClosing { plan.closing.append(test) } else { plan.open.append(test) }
            }
            plan.closing.sort { $0.cannotFail && !$1.cannotFail }
            plan.open.sort { $0.isMonotone && !$1.isMonotone }
            plan.kept = readers.keys.sorted().map {
                Kept(node: $0, isComputedHere: levels[$0] == depth, readers: readers[$0] ?? 0)
            }
            let needed = Set(plan.kept.flatMap { graph.reachable(from: $0.node) }).sorted()
            plan.steps = steps(needed, at: depth, graph, levels)
            state = plan.kept.map(\.node)
            return plan
        }
    }

    /// The largest subexpressions with a value once level `depth` has one.
    private static func live(
        in reach: [Int], after depth: Int, _ graph: ExpressionGraph, _ levels: [Int]
    ) -> [Int] {
        var live: Set<Int> = []
        for node in reach where levels[node] > depth {
            for operand in graph.operands(of: node) where (0...depth).contains(levels[operand]) {
                live.insert(operand)
            }
        }
        return live.sorted()
    }

    private static func steps(
        _ nodes: [Int], at depth: Int, _ graph: ExpressionGraph, _ levels: [Int]
    ) -> [Step] {
        nodes.filter { levels[$0] == depth && graph.nodes[$0].operation != .slot }.map {
            Step(
                operation: graph.nodes[$0].operation, left: graph.nodes[$0].left,
                right: graph.nodes[$0].right, target: $0)
        }
    }

    private static func bounds(
        _ nodes: [Int], from depth: Int, _ graph: ExpressionGraph, _ levels: [Int]
    ) -> [BoundStep] {
        nodes.filter { levels[$0] >= depth && graph.nodes[$0].operation != .slot }.map {
            let node = graph.nodes[$0]
            return BoundStep(
                step: Step(
                    operation: node.operation, left: node.left, right: node.right, target: $0),
                isLeftKnown: levels[node.left] < depth, isRightKnown: levels[node.right] < depth)
        }
    }

    private static func equation(
        _ condition: SearchSpaceConditions.Condition, _ position: Int, _ graph: ExpressionGraph,
        _ moving: ExpressionGraph.Direction
    ) -> Equation? {
        let node = graph.nodes[condition.root]
        guard node.operation == .equal || node.operation == .notEqual else { return nil }
        let left = graph.direction(of: node.left, with: position, moving: moving)
        let right = graph.direction(of: node.right, with: position, moving: moving)
        let direction = left.combined(with: right.opposite)
        guard direction == .up || direction == .down else { return nil }
        return Equation(
            left: node.left, right: node.right, isNegated: node.operation == .notEqual,
            direction: direction)
    }

    private static func dividend(
        _ condition: SearchSpaceConditions.Condition, _ depth: Int, _ graph: ExpressionGraph,
        _ levels: [Int]
    ) -> Int? {
        let root = graph.nodes[condition.root]
        guard root.operation == .equal, graph.value(root.right) == ExpressionScalar(0) else {
            return nil
        }
        let remainder = graph.nodes[root.left]
        guard remainder.operation == .modulo, levels[remainder.left] < depth,
            graph.nodes[remainder.right].operation == .slot,
            graph.bounds[remainder.right].isPositive, graph.bounds[remainder.right].kind == .integer
        else { return nil }
        return remainder.left
    }
}
