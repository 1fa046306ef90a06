/// Builds the diagram of a group of parameters, level by level from the first parameter's.
///
/// At each node it finds the value indices that the closing conditions admit (by bisection where truth is monotone, by
/// divisors where that is what is asked), drops those that bounds show to have no continuation, and leads the rest to the
/// state they make at the next level.
struct SearchSpaceDiagramBuilder {
    private typealias Plan = SearchSpaceLevelPlan
    private typealias Edge = SearchSpaceDiagram.Edge

    /// Consecutive value indices after which the same open conditions are decided.
    private struct Run {
        var first: Int
        var last: Int
        var decided: UInt64
    }

    private let compiled: SearchSpaceConditions
    private let graph: ExpressionGraph
    private let conditions: [SearchSpaceConditions.Condition]
    private let order: [Int]
    /// By level: the values that are left to choose from. Runs are of indices of this list, its ranks.
    private let domains: [[ExpressionScalar]]
    private let domainDirections: [ExpressionGraph.Direction]
    private let limits: SearchSpace.Limits

    /// By node of the graph: its value, where the walk has given it one.
    private var values: [ExpressionScalar]
    /// By node: bounds of its value, where the walk has not given it one.
    private var bounds: [ExpressionBounds]
    private var runs: [Run] = []
    private var nextRuns: [Run] = []
    private var rankOfValue: [Int: Int] = [:]

    private var starts: [[Int32]] = []
    private var edges: [[Edge]] = []
    private var edgeCount = 0
    private var steps = 0

    init(_ compiled: SearchSpaceConditions, group: [Int], limits: SearchSpace.Limits) {
        self.compiled = compiled
        self.limits = limits
        order = compiled.order(of: group)
        var levels = compiled.domains.map { _ in -1 }
        for (level, position) in order.enumerated() { levels[position] = level }
        let slots = compiled.domains.indices.map { position in
            ExpressionBounds(compiled.allowed[position].map { compiled.domains[position][$0] })
        }
        var translation = ExpressionTranslation(
            from: compiled.graph, to: ExpressionGraph(slots: slots), levels: levels)
        var conditions: [SearchSpaceConditions.Condition] = []
        for condition in compiled.conditions
        where !compiled.graph.slots(of: condition.root).isDisjoint(with: group) {
            conditions.append(
                .init(root: translation.node(condition.root), source: condition.source))
        }
        let graph = translation.target
        self.graph = graph
        self.conditions = conditions
        domains = order.map { position in
            compiled.allowed[position].map { compiled.domains[position][$0] }
        }
        domainDirections = domains.map(Self.direction)
        bounds = graph.bounds
        values = graph.nodes.indices.map { graph.value($0) ?? .failed }
    }

    /// The whole diagram. Throws where a condition has no value and where a limit is reached.
    mutating func diagram() throws(KernelSpaceError) -> SearchSpaceDiagram {
        let plans = Plan.plans(
            order: order, conditions: conditions, graph: graph, moving: domainDirections)
        var states = SearchSpaceStates(width: 0)
        _ = states.number(of: [])
        for (depth, plan) in plans.enumerated() { states = try build(plan, depth, states) }
        return try SearchSpaceDiagram(positions: order, starts: starts, edges: edges)
    }

    /// How values move with their rank.
    private static func direction(_ domain: [ExpressionScalar]) -> ExpressionGraph.Direction {
        guard domain.allSatisfy({ $0.number != nil }) else { return .none }
        let orders = Set(zip(domain, domain.dropFirst()).map { $0.order(to: $1) })
        return orders == [-1] ? .up : orders == [1] ? .down : .none
    }

    /// Appends the edges of all nodes of a level; the states they lead to.
    private mutating func build(
        _ plan: Plan, _ depth: Int, _ states: SearchSpaceStates
    ) throws(KernelSpaceError) -> SearchSpaceStates {
        var next = SearchSpaceStates(width: plan.kept.count)
        var key = plan.kept.map { _ in ExpressionScalar.irrelevant }
        starts.append([0])
        edges.append([])
        rankOfValue = [:]
        if plan.closing.contains(where: { $0.dividend != nil }) {
            for (rank, value) in domains[depth].enumerated() { rankOfValue[value.bits] = rank }
        }
        for state in 0..<states.count {
            for field in 0..<states.width {
                values[plan.state[field]] = states.value(state, field)
            }
            runs.removeAll(keepingCapacity: true)
            runs.append(Run(first: 0, last: domains[depth].count - 1, decided: 0))
            for test in plan.closing where !runs.isEmpty && !isDecided(test.reads) {
                try restrict(by: test, plan, depth, state)
            }
            var decided: UInt64 = 0
            for carried in plan.carried where isDecided(carried.reads) { decided |= carried.bit }
            for test in plan.open where !runs.isEmpty {
                if isDecided(test.reads) {
                    decided |= test.bit
                } else {
                    prune(by: test, plan, depth)
                }
            }
            for run in runs { lead(run, decided | run.decided, plan, depth, &key, &next) }
            try check(depth)
            starts[depth].append(Int32(edges[depth].count))
        }
        edgeCount += edges[depth].count
        return next
    }

    private func check(_ depth: Int) throws(KernelSpaceError) {
        guard steps <= limits.steps else {
            throw KernelSpaceError(
                .configuration,
                "counting the space took more than \(limits.steps) steps; its constraints cut too "
                    + "late: shrink the domains or constrain fewer parameters at a time")
        }
        guard edgeCount + edges[depth].count <= limits.edges else {
            throw KernelSpaceError(
                .configuration,
                "the diagram of the space has more than \(limits.edges) edges; shrink the domains or "
                    + "constrain fewer parameters at a time")
        }
    }

    private func isDecided(_ reads: [Int]) -> Bool {
        for node in reads where values[node].kind == .irrelevant { return true }
        return false
    }

    // MARK: Children

    /// Appends edges from the node to the states that a run's values make.
    private mutating func lead(
        _ run: Run, _ decided: UInt64, _ plan: Plan, _ depth: Int, _ key: inout [ExpressionScalar],
        _ next: inout SearchSpaceStates
    ) {
        var isVarying = false
        for (field, kept) in plan.kept.enumerated() {
            let isRead = kept.readers & ~decided != 0
            if isRead, kept.isComputedHere { isVarying = true }
            key[field] = isRead ? values[kept.node] : .irrelevant
        }
        guard isVarying else {
            steps += 1
            append(run, child: next.number(of: key), depth)
            return
        }
        steps += run.last - run.first + 1
        for rank in run.first...run.last {
            choose(rank, plan, depth)
            perform(plan.steps)
            for (field, kept) in plan.kept.enumerated()
            where kept.isComputedHere && kept.readers & ~decided != 0 {
                key[field] = values[kept.node]
            }
            append(Run(first: rank, last: rank, decided: 0), child: next.number(of: key), depth)
        }
    }

    /// Appends the run's value indices, as few edges as possible.
    private mutating func append(_ run: Run, child: Int32, _ depth: Int) {
        let indices = compiled.allowed[order[depth]]
        var first = run.first
        while first <= run.last {
            var last = first
            if indices[run.last] - indices[first] == run.last - first {
                last = run.last
            } else {
                while last < run.last, indices[last + 1] == indices[last] + 1 { last += 1 }
            }
            let count = edges[depth].count
            if count > Int(starts[depth][starts[depth].count - 1]),
                edges[depth][count - 1].child == child,
                Int(edges[depth][count - 1].last) + 1 == indices[first]
            {
                edges[depth][count - 1].last = Int32(indices[last])
            } else {
                edges[depth].append(
                    Edge(first: Int32(indices[first]), last: Int32(indices[last]), child: child))
            }
            first = last + 1
        }
    }

    // MARK: Evaluation

    private mutating func choose(_ rank: Int, _ plan: Plan, _ depth: Int) {
        if let slot = plan.slot { values[slot] = domains[depth][rank] }
    }

    private mutating func perform(_ steps: [Plan.Step]) {
        for step in steps {
            values[step.target] = step.operation.apply(values[step.left], values[step.right])
        }
    }

    /// Bounds of the test's truth.
    private mutating func bound(_ root: Int, _ steps: [Plan.BoundStep]) -> ExpressionBounds {
        for bounded in steps {
            let step = bounded.step
            bounds[step.target] = step.operation.apply(
                bounded.isLeftKnown ? ExpressionBounds(values[step.left]) : bounds[step.left],
                bounded.isRightKnown ? ExpressionBounds(values[step.right]) : bounds[step.right])
        }
        return bounds[root]
    }

    /// Bounds of the test's truth for any value of the runs.
    private mutating func boundBefore(
        _ test: Plan.Test, _ plan: Plan, _ depth: Int
    ) -> ExpressionBounds {
        if let slot = plan.slot, let first = runs.first?.first, let last = runs.last?.last,
            domainDirections[depth] != .none
        {
            bounds[slot] = ExpressionBounds([domains[depth][first], domains[depth][last]])
        }
        return bound(test.condition.root, test.boundsBefore)
    }

    /// How many of `count` tries hold, those that do being the first ones.
    private static func leading(_ count: Int, _ holds: (Int) -> Bool) -> Int {
        var low = 0
        var step = 1
        while low + step <= count, holds(low + step - 1) {
            low += step
            step *= 2
        }
        var high = min(low + step - 1, count)
        while low < high {
            let middle = (low + high) / 2
            if holds(middle) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: Conditions that this level decides

    /// Keeps the ranks whose values fulfil a test that they decide.
    private mutating func restrict(
        by test: Plan.Test, _ plan: Plan, _ depth: Int, _ state: Int
    ) throws(KernelSpaceError) {
        guard let first = runs.first?.first, let last = runs.last?.last else { return }
        if let dividend = test.dividend, let divisors = divisors(values[dividend], depth) {
            keep(divisors)
            return
        }
        if test.isMonotone || test.equation != nil,
            test.cannotFail || !boundBefore(test, plan, depth).mayFail
        {
            if test.isMonotone {
                keep(monotone(test, plan, depth, first, last))
            } else if let equation = test.equation {
                let solutions = solutions(equation, test, plan, depth, first, last)
                if equation.isNegated { drop(solutions) } else { keep(solutions) }
            }
            return
        }
        try filter(by: test, plan, depth, state)
    }

    private mutating func monotone(
        _ test: Plan.Test, _ plan: Plan, _ depth: Int, _ first: Int, _ last: Int
    ) -> Range<Int> {
        let isRising = test.direction == .up
        let count = Self.leading(last - first + 1) { offset in
            choose(isRising ? last - offset : first + offset, plan, depth)
            perform(test.steps)
            steps += 1
            return values[test.condition.root].truth
        }
        return isRising ? last + 1 - count..<last + 1 : first..<first + count
    }

    private mutating func solutions(
        _ equation: Plan.Equation, _ test: Plan.Test, _ plan: Plan, _ depth: Int, _ first: Int,
        _ last: Int
    ) -> Range<Int> {
        let below = equation.direction == .up ? -1 : 1
        func count(_ holds: (Int) -> Bool) -> Int {
            Self.leading(last - first + 1) { offset in
                choose(first + offset, plan, depth)
                perform(test.steps)
                steps += 1
                return holds(values[equation.left].order(to: values[equation.right]) ?? 0)
            }
        }
        let start = count { $0 == below }
        return first + start..<first + count { $0 == below || $0 == 0 }
    }

    /// Tries rank by rank.
    private mutating func filter(
        by test: Plan.Test, _ plan: Plan, _ depth: Int, _ state: Int
    ) throws(KernelSpaceError) {
        nextRuns.removeAll(keepingCapacity: true)
        for run in runs {
            steps += run.last - run.first + 1
            for rank in run.first...run.last {
                choose(rank, plan, depth)
                perform(test.steps)
                let result = values[test.condition.root]
                if result.kind == .failed {
                    var indices = prefix(of: state, depth)
                    indices[order[depth]] = compiled.allowed[order[depth]][rank]
                    throw compiled.failure(of: test.condition, indices)
                }
                if result.truth { push(rank, rank, run.decided) }
            }
        }
        swap(&runs, &nextRuns)
    }

    /// Ranks of the divisors of a whole number, nil if it is none or a trial of all ranks is faster.
    private func divisors(_ dividend: ExpressionScalar, _ depth: Int) -> [Int]? {
        guard dividend.kind == .integer || dividend.kind == .real,
            let number = dividend.kind == .integer ? dividend.bits : Int(exactly: dividend.real),
            number > 0, number / domains[depth].count < domains[depth].count
        else { return nil }
        var ranks: [Int] = []
        var divisor = 1
        while divisor * divisor <= number {
            if number % divisor == 0 {
                if let rank = rankOfValue[divisor] { ranks.append(rank) }
                if divisor * divisor < number, let rank = rankOfValue[number / divisor] {
                    ranks.append(rank)
                }
            }
            divisor += 1
        }
        return ranks.sorted()
    }

    /// Value indices of one prefix that leads to a state, by position.
    private func prefix(of state: Int, _ depth: Int) -> [Int: Int] {
        var indices: [Int: Int] = [:]
        var state = Int32(state)
        for depth in (0..<depth).reversed() {
            guard let edge = edges[depth].firstIndex(where: { $0.child == state }) else { break }
            indices[order[depth]] = Int(edges[depth][edge].first)
            state = Int32((starts[depth].firstIndex { $0 > edge } ?? 1) - 1)
        }
        return indices
    }

    // MARK: Conditions that stay open

    /// Drops ranks that leave the test no chance and marks those after which it always holds.
    private mutating func prune(by test: Plan.Test, _ plan: Plan, _ depth: Int) {
        guard let first = runs.first?.first, let last = runs.last?.last else { return }
        let before = boundBefore(test, plan, depth)
        if !before.mayFail {
            if !before.truth.high { runs.removeAll(keepingCapacity: true) }
            if before.truth.low { mark(first..<last + 1, test.bit) }
            if before.truth != (false, true) { return }
        }
        guard test.isMonotone else { return pruneEach(by: test, plan, depth) }
        if before.mayFail { return }
        let isRising = test.direction == .up
        func ranks(_ holds: (ExpressionBounds) -> Bool) -> Range<Int> {
            let count = Self.leading(last - first + 1) { offset in
                holds(boundAfter(test, plan, depth, isRising ? last - offset : first + offset))
            }
            return isRising ? last + 1 - count..<last + 1 : first..<first + count
        }
        keep(ranks(\.truth.high))
        mark(ranks(\.truth.low), test.bit)
    }

    private mutating func boundAfter(
        _ test: Plan.Test, _ plan: Plan, _ depth: Int, _ rank: Int
    ) -> ExpressionBounds {
        choose(rank, plan, depth)
        perform(test.steps)
        steps += 1
        return bound(test.condition.root, test.boundsAfter)
    }

    private mutating func pruneEach(by test: Plan.Test, _ plan: Plan, _ depth: Int) {
        nextRuns.removeAll(keepingCapacity: true)
        for run in runs {
            for rank in run.first...run.last {
                let after = boundAfter(test, plan, depth, rank)
                let isRefused = !after.mayFail && !after.truth.high
                let isDecided = !after.mayFail && after.truth.low
                if !isRefused { push(rank, rank, isDecided ? run.decided | test.bit : run.decided) }
            }
        }
        swap(&runs, &nextRuns)
    }

    // MARK: Runs

    /// Appends to `nextRuns`.
    private mutating func push(_ first: Int, _ last: Int, _ decided: UInt64) {
        guard first <= last else { return }
        let count = nextRuns.count
        if count > 0, nextRuns[count - 1].last + 1 == first, nextRuns[count - 1].decided == decided
        {
            nextRuns[count - 1].last = last
        } else {
            nextRuns.append(Run(first: first, last: last, decided: decided))
        }
    }

    private mutating func keep(_ ranks: Range<Int>) {
        nextRuns.removeAll(keepingCapacity: true)
        for run in runs {
            push(max(run.first, ranks.lowerBound), min(run.last, ranks.upperBound - 1), run.decided)
        }
        swap(&runs, &nextRuns)
    }

    /// `ranks` are ascending.
    private mutating func keep(_ ranks: [Int]) {
        nextRuns.removeAll(keepingCapacity: true)
        var run = 0
        for rank in ranks {
            while run < runs.count, runs[run].last < rank { run += 1 }
            guard run < runs.count else { break }
            if runs[run].first <= rank { push(rank, rank, runs[run].decided) }
        }
        swap(&runs, &nextRuns)
    }

    private mutating func drop(_ ranks: Range<Int>) {
        if ranks.isEmpty { return }
        nextRuns.removeAll(keepingCapacity: true)
        for run in runs {
            push(run.first, min(run.last, ranks.lowerBound - 1), run.decided)
            push(max(run.first, ranks.upperBound), run.last, run.decided)
        }
        swap(&runs, &nextRuns)
    }

    private mutating func mark(_ ranks: Range<Int>, _ bit: UInt64) {
        if ranks.isEmpty || bit == 0 { return }
        nextRuns.removeAll(keepingCapacity: true)
        for run in runs {
            let (lower, upper) = (ranks.lowerBound, ranks.upperBound)
            push(run.first, min(run.last, lower - 1), run.decided)
            push(max(run.first, lower), min(run.last, upper - 1), run.decided | bit)
            push(max(run.first, upper), run.last, run.decided)
        }
        swap(&runs, &nextRuns)
    }
}
