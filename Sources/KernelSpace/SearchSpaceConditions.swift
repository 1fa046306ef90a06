/// The constraints of a space, compiled and taken apart: what concerns one parameter has become a filter of its values,
/// what always holds is gone, and the rest says which parameters depend on each other.
struct SearchSpaceConditions {
    /// A part of a constraint that must hold.
    struct Condition {
        /// A node of the graph.
        var root: Int
        /// The constraint it belongs to.
        var source: Int
    }

    let parameters: [Parameter]
    let constraints: [Constraint]
    let constants: [String: Value]
    /// By parameter: its values.
    let domains: [[ExpressionScalar]]
    /// By parameter: indices of the values that its filters let pass, ascending.
    private(set) var allowed: [[Int]]
    private(set) var graph: ExpressionGraph
    /// Each reads two parameters or more.
    private(set) var conditions: [Condition] = []
    /// Whether some condition holds for no configuration.
    private(set) var isUnsatisfiable = false

    init(
        parameters: [Parameter], constraints: [Constraint], constants: [String: Value]
    ) throws(KernelSpaceError) {
        self.parameters = parameters
        self.constraints = constraints
        self.constants = constants
        let ranks = Self.textRanks(parameters, constraints, constants)
        let rank = { ranks[$0] ?? 0 }
        domains = parameters.map { $0.values.map { ExpressionScalar($0, rank: rank) } }
        allowed = parameters.map { Array($0.values.indices) }
        graph = ExpressionGraph(slots: domains.map { ExpressionBounds($0) })
        var positions: [String: Int] = [:]
        for (position, parameter) in parameters.enumerated() {
            positions[parameter.name] = position
        }
        for (source, constraint) in constraints.enumerated() {
            var slots: [Int] = []
            for slot in constraint.expression.slots {
                if let position = positions[slot.name] {
                    slots.append(graph.slot(position))
                } else if let value = constants[slot.name] {
                    slots.append(graph.constant(ExpressionScalar(value, rank: rank)))
                } else {
                    throw .expression(
                        "constraint \"\(constraint.expression.source)\": \"\(slot.name)\" is neither "
                            + "a parameter nor a constant here", column: slot.column)
                }
            }
            let root = graph.add(constraint.expression.root, slots: slots, rank: rank)
            conditions.append(Condition(root: root, source: source))
        }
        while try filter(), !isUnsatisfiable { rebuild() }
    }

    /// Texts by rank, the empty one first.
    private static func textRanks(
        _ parameters: [Parameter], _ constraints: [Constraint], _ constants: [String: Value]
    ) -> [String: Int] {
        var texts: Set<String> = [""]
        func note(_ value: Value) { if case .text(let text) = value { texts.insert(text) } }
        for parameter in parameters { parameter.values.forEach(note) }
        constants.values.forEach(note)
        for constraint in constraints {
            constraint.expression.root.forEachNode { node in
                if case .constant(let value) = node { note(value) }
            }
        }
        return Dictionary(uniqueKeysWithValues: texts.sorted().enumerated().map { ($1, $0) })
    }

    /// Splits conjunctions, drops what always holds, applies what reads one parameter; true if a domain shrank.
    private mutating func filter() throws(KernelSpaceError) -> Bool {
        var unary: [(condition: Condition, position: Int)] = []
        var rest: [Condition] = []
        var open = Array(conditions.reversed())
        while let condition = open.popLast() {
            let node = graph.nodes[condition.root]
            if let value = graph.value(condition.root) {
                if value.kind == .failed { throw failure(of: condition, [:]) }
                guard value.truth else { isUnsatisfiable = true; return false }
            } else if node.operation == .and, !graph.bounds[condition.root].mayFail {
                open.append(Condition(root: node.right, source: condition.source))
                open.append(Condition(root: node.left, source: condition.source))
            } else {
                let slots = graph.slots(of: condition.root)
                if slots.count == 1, let position = slots.first {
                    unary.append((condition, position))
                } else {
                    rest.append(condition)
                }
            }
        }
        conditions = rest
        // What may fail is only asked about values that nothing else refuses.
        for mayFail in [false, true] {
            for (condition, position) in unary
            where graph.bounds[condition.root].mayFail == mayFail {
                try apply(condition, to: position)
            }
        }
        isUnsatisfiable = allowed.contains(where: \.isEmpty)
        return !unary.isEmpty
    }

    private mutating func apply(
        _ condition: Condition, to position: Int
    ) throws(KernelSpaceError) {
        let program = graph.reachable(from: condition.root)
        var values: [Int: ExpressionScalar] = [:]
        var passed: [Int] = []
        for index in allowed[position] {
            for node in program {
                let (left, right) = (graph.nodes[node].left, graph.nodes[node].right)
                switch graph.nodes[node].operation {
                case .constant: values[node] = graph.value(node)
                case .slot: values[node] = domains[position][index]
                case let operation:
                    values[node] = operation.apply(
                        values[left] ?? .failed, values[right] ?? .failed)
                }
            }
            let result = values[condition.root] ?? .failed
            if result.kind == .failed { throw failure(of: condition, [position: index]) }
            if result.truth { passed.append(index) }
        }
        allowed[position] = passed
    }

    /// Compiles again under what the domains have become.
    private mutating func rebuild() {
        let narrowed = ExpressionGraph(
            slots: domains.indices.map { position in
                ExpressionBounds(allowed[position].map { domains[position][$0] })
            })
        var translation = ExpressionTranslation(from: graph, to: narrowed, levels: nil)
        for index in conditions.indices {
            conditions[index].root = translation.node(conditions[index].root)
        }
        graph = translation.target
    }

    /// The error of a condition that has no value where parameters have the values of these indices; what it does not
    /// depend on may have any value.
    func failure(of condition: Condition, _ indices: [Int: Int]) -> KernelSpaceError {
        let constraint = constraints[condition.source].expression
        var bindings = constants
        var shown: [String] = []
        for (position, parameter) in parameters.enumerated()
        where constraint.names.contains(parameter.name) {
            let value = parameter.values[indices[position] ?? allowed[position].first ?? 0]
            bindings[parameter.name] = value
            shown.append("\(parameter.name)=\(value)")
        }
        var failure = KernelSpaceError.expression("there is none", column: 1)
        do { _ = try constraint.evaluate(bindings) } catch { failure = error }
        failure.message =
            "constraint \"\(constraint.source)\" has no value for "
            + "\(shown.joined(separator: ",")): \(failure.message); guard it with \"and\" or \"or\""
        return failure
    }

    /// Positions of parameters that depend on each other, through others perhaps; ascending, by their least one.
    func groups() -> [[Int]] {
        var groups: [Set<Int>] = []
        for condition in conditions {
            var joined = graph.slots(of: condition.root)
            groups.removeAll { group in
                guard !group.isDisjoint(with: joined) else { return false }
                joined.formUnion(group)
                return true
            }
            groups.append(joined)
        }
        let dependent = groups.reduce(into: Set()) { $0.formUnion($1) }
        let free = parameters.indices.filter { !dependent.contains($0) }.map { [$0] }
        return (groups.map { $0.sorted() } + free).sorted { $0[0] < $1[0] }
    }

    /// The order in which a group's parameters get values. The parameters of the condition that becomes decidable after
    /// the fewest combinations come first, and so on: a condition over the first and the last parameter must not wait for
    /// the full product of those between.
    func order(of group: [Int]) -> [Int] {
        var order: [Int] = []
        let members = Set(group)
        var open = conditions.map { graph.slots(of: $0.root) }.filter {
            !$0.isDisjoint(with: members)
        }
        while true {
            open = open.map { $0.subtracting(order) }.filter { !$0.isEmpty }
            let costs = open.map { $0.reduce(1.0) { $0 * Double(allowed[$1].count) } }
            guard let least = costs.min(), let next = costs.firstIndex(of: least) else { break }
            order += open[next].sorted()
        }
        return order + group.filter { !order.contains($0) }
    }
}

/// Copies nodes of one graph into another whose slots have other bounds.
struct ExpressionTranslation {
    private let source: ExpressionGraph
    private(set) var target: ExpressionGraph
    private var translated: [Int: Int] = [:]
    /// By slot: when it gets a value. With these, sums and products of integers that cannot overflow are computed in
    /// that order, so that what is known of them is one number early.
    private let levels: [Int]?
    private var levelOfNode: [Int] = []

    init(from source: ExpressionGraph, to target: ExpressionGraph, levels: [Int]?) {
        self.source = source
        self.target = target
        self.levels = levels
    }

    /// The copy of a node.
    mutating func node(_ root: Int) -> Int {
        for node in source.reachable(from: root) where translated[node] == nil {
            translated[node] = copy(node)
        }
        return translated[root] ?? root
    }

    private mutating func copy(_ node: Int) -> Int {
        let (left, right) = (source.nodes[node].left, source.nodes[node].right)
        switch source.nodes[node].operation {
        case .constant: return target.constant(source.value(node) ?? .failed)
        case .slot: return target.slot(left)
        case let operation:
            if let levels, let operands = reorderable(node) {
                let copies = operands.map { translated[$0] ?? copy($0) }
                let sorted = copies.sorted { (level($0, levels), $0) < (level($1, levels), $1) }
                return sorted.dropFirst().reduce(sorted[0]) { target.add(operation, $0, $1) }
            }
            return target.add(
                operation, translated[left] ?? copy(left), translated[right] ?? copy(right))
        }
    }

    /// The operands of nested sums or products, if none of their partial results can overflow in any order.
    private func reorderable(_ node: Int) -> [Int]? {
        let operation = source.nodes[node].operation
        guard operation == .add || operation == .multiply else { return nil }
        var operands: [Int] = []
        var open = [node]
        while let next = open.popLast() {
            if source.nodes[next].operation == operation {
                open += [source.nodes[next].right, source.nodes[next].left]
            } else {
                operands.append(next)
            }
        }
        var most = operation == .add ? 0 : 1
        for operand in operands {
            guard let magnitude = source.bounds[operand].magnitude else { return nil }
            let next =
                operation == .add
                ? most.addingReportingOverflow(magnitude)
                : most.multipliedReportingOverflow(by: max(magnitude, 1))
            if next.overflow { return nil }
            most = next.partialValue
        }
        return operands
    }

    private mutating func level(_ node: Int, _ levels: [Int]) -> Int {
        levelOfNode = target.levels(ofSlots: levels, known: levelOfNode)
        return levelOfNode[node]
    }
}

extension ExpressionGraph {
    /// By node: the last level among its slots, -1 for constants; `known` are the first nodes' levels.
    func levels(ofSlots slots: [Int], known: [Int] = []) -> [Int] {
        var levels = known
        for node in nodes[known.count...] {
            switch node.operation {
            case .constant: levels.append(-1)
            case .slot: levels.append(slots[node.left])
            default: levels.append(max(levels[node.left], levels[node.right]))
            }
        }
        return levels
    }
}
