/// The walk over all prefixes of configurations that no constraint has refused yet.
struct SearchSpaceEnumeration {
    private let parameters: [Parameter]
    private let fields: [SearchSpace.Field]
    /// Positions of parameters in the order they get their values.
    private let order: [Int]
    /// `tests[d]` are decidable once d parameters of `order` have values.
    private let tests: [[Test]]
    /// The value of each parameter that has one.
    private var values: [Value]
    private let limits: SearchSpace.Limits
    private var found: [UInt128] = []
    private var prefixes = 0

    private struct Test {
        var constraint: Constraint
        /// The constraint with constants in place and parameter positions as slots.
        var node: ExpressionNode
    }

    init(
        parameters: [Parameter], fields: [SearchSpace.Field], constraints: [Constraint],
        constants: [String: Value], limits: SearchSpace.Limits
    ) throws(KernelSpaceError) {
        self.parameters = parameters
        self.limits = limits
        self.fields = fields
        var positions: [String: Int] = [:]
        for (position, parameter) in parameters.enumerated() {
            positions[parameter.name] = position
        }
        var bound: [(test: Test, reads: Set<Int>)] = []
        for constraint in constraints {
            let slots = constraint.expression.slots
            for slot in slots where positions[slot.name] == nil && constants[slot.name] == nil {
                throw .expression(
                    "constraint \"\(constraint.expression.source)\": \"\(slot.name)\" is neither a "
                        + "parameter nor a constant here", column: slot.column)
            }
            let node = constraint.expression.root.replacingSlots { slot in
                let name = slots[slot].name
                if let position = positions[name] { return .slot(position) }
                return constants[name].map(ExpressionNode.constant) ?? .slot(slot)
            }
            bound.append(
                (
                    Test(constraint: constraint, node: node),
                    Set(slots.compactMap { positions[$0.name] })
                ))
        }
        let order = Self.order(sizes: parameters.map(\.values.count), reads: bound.map(\.reads))
        var tests = [[Test]](repeating: [], count: parameters.count + 1)
        for (test, reads) in bound {
            let depth = 1 + (order.lastIndex { reads.contains($0) } ?? -1)
            tests[depth].append(test)
        }
        self.order = order
        self.tests = tests
        values = parameters.map { $0.values[0] }
    }

    /// The parameters of the constraint that becomes decidable after the fewest combinations come first, and so on: a
    /// constraint over the first and the last parameter must not wait for the full product of those between.
    private static func order(sizes: [Int], reads: [Set<Int>]) -> [Int] {
        var order: [Int] = []
        var isPlaced = [Bool](repeating: false, count: sizes.count)
        var open = reads
        while true {
            open = open.map { $0.filter { !isPlaced[$0] } }.filter { !$0.isEmpty }
            let costs = open.map { set in set.reduce(1.0) { $0 * Double(sizes[$1]) } }
            guard let least = costs.min(), let next = costs.firstIndex(of: least) else { break }
            for position in open[next].sorted() {
                order.append(position)
                isPlaced[position] = true
            }
        }
        return order + sizes.indices.filter { !isPlaced[$0] }
    }

    /// Keys of all valid configurations, ascending.
    mutating func keys() throws(KernelSpaceError) -> [UInt128] {
        try visit(depth: 0, key: 0)
        if order != Array(parameters.indices) { found.sort() }
        return found
    }

    private mutating func visit(depth: Int, key: UInt128) throws(KernelSpaceError) {
        prefixes += 1
        guard prefixes <= limits.prefixes else {
            throw KernelSpaceError(
                .configuration,
                "enumerating the space took more than \(limits.prefixes) steps; its "
                    + "constraints cut too late: shrink the domains or constrain fewer parameters at a time"
            )
        }
        for test in tests[depth] where try !holds(test, depth: depth) { return }
        guard depth < order.count else {
            guard found.count < limits.configurations else {
                throw KernelSpaceError(
                    .configuration,
                    "the space has more than \(limits.configurations) valid "
                        + "configurations; shrink the domains or add constraints")
            }
            found.append(key)
            return
        }
        let position = order[depth]
        for index in parameters[position].values.indices {
            values[position] = parameters[position].values[index]
            try visit(depth: depth + 1, key: fields[position].key(key, with: index))
        }
    }

    private func holds(_ test: Test, depth: Int) throws(KernelSpaceError) -> Bool {
        do {
            return try test.node.evaluate(values).truth
        } catch {
            let prefix = order.prefix(depth).sorted().map { "\(parameters[$0].name)=\(values[$0])" }
            var positioned = error
            positioned.message =
                "constraint \"\(test.constraint.expression.source)\" has no value for "
                + "\(prefix.joined(separator: ",")): \(error.message); guard it with \"and\" or \"or\""
            throw positioned
        }
    }
}
