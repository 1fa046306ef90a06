/// Constraints as one directed acyclic graph: equal subexpressions are one node, operands come before what they are
/// part of, and every node knows bounds of its value.
struct ExpressionGraph: Sendable {
    struct Node: Hashable, Sendable {
        var operation: ExpressionOperation
        /// Operands; a slot's position; a constant's bits and kind.
        var left: Int
        var right: Int
    }

    private(set) var nodes: [Node] = []
    private(set) var bounds: [ExpressionBounds] = []
    private var numberOf: [Node: Int] = [:]
    /// What each slot's value may be.
    private let slotBounds: [ExpressionBounds]

    init(slots: [ExpressionBounds]) { slotBounds = slots }

    mutating func constant(_ value: ExpressionScalar) -> Int {
        intern(
            Node(operation: .constant, left: value.bits, right: Int(value.kind.rawValue)),
            ExpressionBounds(value))
    }

    mutating func slot(_ slot: Int) -> Int {
        if let only = slotBounds[slot].constant { return constant(only) }
        return intern(Node(operation: .slot, left: slot, right: slot), slotBounds[slot])
    }

    /// The operation's node, or a simpler one with the same value.
    mutating func add(_ operation: ExpressionOperation, _ left: Int, _ right: Int) -> Int {
        let bounds = operation.apply(bounds[left], bounds[right])
        if let only = bounds.constant, only.kind == .integer || only.kind == .truth {
            return constant(only)
        }
        if let a = value(left), let b = value(right) { return constant(operation.apply(a, b)) }
        if operation == .and || operation == .or, !self.bounds[left].mayFail,
            self.bounds[right].kind == .truth
        {
            let truth = self.bounds[left].truth
            if operation == .and ? truth.low : !truth.high { return right }
        }
        return intern(Node(operation: operation, left: left, right: right), bounds)
    }

    mutating func add(_ operation: ExpressionOperation, _ operand: Int) -> Int {
        add(operation, operand, operand)
    }

    /// The value of a constant.
    func value(_ node: Int) -> ExpressionScalar? {
        guard nodes[node].operation == .constant,
            let kind = ExpressionScalar.Kind(rawValue: UInt8(nodes[node].right))
        else { return nil }
        return ExpressionScalar(kind: kind, bits: nodes[node].left)
    }

    private mutating func intern(_ node: Node, _ bounds: ExpressionBounds) -> Int {
        if let number = numberOf[node] { return number }
        let number = nodes.count
        nodes.append(node)
        self.bounds.append(bounds)
        numberOf[node] = number
        return number
    }

    /// The slots that a node reads.
    func slots(of root: Int) -> Set<Int> {
        var slots: Set<Int> = []
        for node in reachable(from: root) where nodes[node].operation == .slot {
            slots.insert(nodes[node].left)
        }
        return slots
    }

    /// The node and everything below it, operands first.
    func reachable(from root: Int) -> [Int] {
        var isReached: Set<Int> = [root]
        var stack = [root]
        while let node = stack.popLast() {
            for operand in operands(of: node) where isReached.insert(operand).inserted {
                stack.append(operand)
            }
        }
        return isReached.sorted()
    }

    func operands(of node: Int) -> [Int] {
        switch nodes[node].operation {
        case .constant, .slot: []
        default: [nodes[node].left, nodes[node].right]
        }
    }
}

extension ExpressionGraph {
    /// Adds a parsed expression whose slot i is the node `slots[i]`.
    mutating func add(_ tree: ExpressionNode, slots: [Int], rank: (String) -> Int) -> Int {
        func add(_ tree: ExpressionNode, _ graph: inout ExpressionGraph) -> Int {
            graph.add(tree, slots: slots, rank: rank)
        }
        switch tree {
        case .constant(let value): return constant(ExpressionScalar(value, rank: rank))
        case .slot(let slot): return slots[slot]
        case .negate(let operand, _): return self.add(.negate, add(operand, &self))
        case .absolute(let operand, _): return self.add(.absolute, add(operand, &self))
        case .not(let operand): return self.add(.not, add(operand, &self))
        case .and(let left, let right):
            return self.add(.and, add(left, &self), add(right, &self))
        case .or(let left, let right): return self.add(.or, add(left, &self), add(right, &self))
        case .arithmetic(let operation, let left, let right, _):
            return self.add(operation.operation, add(left, &self), add(right, &self))
        case .extremum(let wantsLeast, let nodes, _):
            let operands = nodes.map { add($0, &self) }
            return operands.dropFirst().reduce(operands[0]) {
                self.add(wantsLeast ? .minimum : .maximum, $0, $1)
            }
        case .chain(let first, let links):
            return addChain(first, links, slots: slots, rank: rank)
        }
    }

    private mutating func addChain(
        _ first: ExpressionNode, _ links: [ExpressionLink], slots: [Int], rank: (String) -> Int
    ) -> Int {
        var left = add(first, slots: slots, rank: rank)
        var truths: [Int] = []
        for link in links {
            switch link {
            case .compare(let comparison, let node, _):
                let right = add(node, slots: slots, rank: rank)
                truths.append(add(comparison.operation, left, right))
                left = right
            case .isIn(let items, let negated):
                let equalities = items.map { item in
                    add(.equal, left, add(item, slots: slots, rank: rank))
                }
                let found =
                    equalities.dropFirst().reduce(equalities.first) { found, next in
                        found.map { add(.either, $0, next) } ?? next
                    } ?? constant(ExpressionScalar(false))
                truths.append(negated ? add(.not, found) : found)
            }
        }
        return truths.dropLast().reversed().reduce(truths[truths.count - 1]) { add(.and, $1, $0) }
    }
}

extension ExpressionGraph {
    /// How a value moves with one slot while the others are fixed.
    enum Direction {
        case none, constant, up, down

        var opposite: Direction {
            switch self {
            case .up: .down
            case .down: .up
            case .none, .constant: self
            }
        }

        func combined(with other: Direction) -> Direction {
            if self == .constant || self == other { return other }
            return other == .constant ? self : .none
        }
    }

    /// How `root` moves with the slot, whose own values move in `slotDirection`.
    func direction(of root: Int, with slot: Int, moving slotDirection: Direction) -> Direction {
        var directions: [Int: Direction] = [:]
        for node in reachable(from: root) {
            let (left, right) = (nodes[node].left, nodes[node].right)
            switch nodes[node].operation {
            case .constant: directions[node] = .constant
            case .slot: directions[node] = left == slot ? slotDirection : .constant
            case let operation:
                directions[node] = direction(
                    operation, (bounds[left], directions[left] ?? .none),
                    (bounds[right], directions[right] ?? .none))
            }
        }
        return directions[root] ?? .none
    }

    private typealias Side = (bounds: ExpressionBounds, direction: Direction)

    private func direction(_ operation: ExpressionOperation, _ left: Side, _ right: Side)
        -> Direction
    {
        let (a, b) = (left.direction, right.direction)
        if a == .constant, b == .constant { return .constant }
        switch operation {
        case .negate: return a.opposite
        case .not: return truth(left).opposite
        case .absolute:
            return left.bounds.isNonnegative ? a : left.bounds.isNonpositive ? a.opposite : .none
        case .and, .or, .either: return truth(left).combined(with: truth(right))
        case .minimum, .maximum:
            return left.bounds.kind == right.bounds.kind ? a.combined(with: b) : .none
        case .add: return a.combined(with: b)
        case .subtract: return a.combined(with: b.opposite)
        case .multiply:
            if a == .constant { return scaled(right, by: left.bounds) }
            if b == .constant { return scaled(left, by: right.bounds) }
            return scaled(left, by: right.bounds).combined(with: scaled(right, by: left.bounds))
        case .divide: return quotient(left, right)
        case .floorDivide:
            return left.bounds.kind == .integer && right.bounds.kind == .integer
                ? quotient(left, right) : .none
        case .power:
            guard left.bounds.kind == .integer, right.bounds.kind == .integer,
                right.bounds.isNonnegative
            else { return .none }
            if left.bounds.isPositive { return a.combined(with: b) }
            return left.bounds.isNonnegative && b == .constant ? a : .none
        case .less, .lessOrEqual: return b.combined(with: a.opposite)
        case .greater, .greaterOrEqual: return a.combined(with: b.opposite)
        case .constant, .slot, .modulo, .equal, .notEqual: return .none
        }
    }

    /// How the truth of a side moves.
    private func truth(_ side: Side) -> Direction {
        side.bounds.kind == .truth || side.direction == .constant || side.bounds.isNonnegative
            ? side.direction : .none
    }

    private func scaled(_ side: Side, by factor: ExpressionBounds) -> Direction {
        if factor.isNonnegative { return side.direction }
        return factor.isNonpositive ? side.direction.opposite : .none
    }

    private func quotient(_ left: Side, _ right: Side) -> Direction {
        guard right.bounds.isPositive else { return .none }
        if right.direction == .constant { return left.direction }
        return left.direction.combined(with: scaled(right, by: left.bounds).opposite)
    }
}
