/// The search for the valid combination nearest to a wanted one: cheapest path with at most so many changed indices, that
/// bound growing until there is a path.
struct SearchSpaceNearest {
    /// Compared in this order; costs of independent diagrams add up.
    private struct Cost: Comparable {
        var changed: Int
        var distance: Int

        static func < (left: Cost, right: Cost) -> Bool {
            (left.changed, left.distance) < (right.changed, right.distance)
        }
    }

    private struct Place: Hashable {
        var depth: Int
        var node: Int
        var changes: Int
    }

    private let diagram: SearchSpaceDiagram
    private let wanted: [Int]
    private var known: [Place: (cost: Cost, index: Int)?] = [:]

    init(_ diagram: SearchSpaceDiagram, wanted: [Int]) {
        self.diagram = diagram
        self.wanted = wanted
    }

    /// Writes the indices of the first among the nearest combinations to their parameters' positions; the diagram must
    /// hold one at least.
    mutating func copyIndices(to indices: inout [Int]) {
        let changes = (0...diagram.levels.count).first {
            best(depth: 0, node: 0, changes: $0) != nil
        }
        guard let changes else { return }
        var node = 0
        var left = changes
        for (depth, level) in diagram.levels.enumerated() {
            guard let index = best(depth: depth, node: node, changes: left)?.index else { return }
            indices[level.position] = index
            left -= index == wanted[level.position] ? 0 : 1
            for edge in level.starts[node]..<level.starts[node + 1] {
                let run = level.edges[Int(edge)]
                if Int(run.first) <= index, index <= Int(run.last) { node = Int(run.child); break }
            }
        }
    }

    /// The cheapest continuation of a node with at most `changes` changed indices, and its first index.
    private mutating func best(depth: Int, node: Int, changes: Int) -> (cost: Cost, index: Int)? {
        guard depth < diagram.levels.count else { return (Cost(changed: 0, distance: 0), 0) }
        let place = Place(depth: depth, node: node, changes: changes)
        if let answer = known[place] { return answer }
        let level = diagram.levels[depth]
        let own = wanted[level.position]
        var best: (cost: Cost, index: Int)?
        for edge in level.starts[node]..<level.starts[node + 1] {
            let run = level.edges[Int(edge)]
            // All indices of a run continue alike: the nearest one is the best.
            let index = min(max(own, Int(run.first)), Int(run.last))
            let change = index == own ? 0 : 1
            guard change <= changes,
                let rest = self.best(
                    depth: depth + 1, node: Int(run.child), changes: changes - change)
            else { continue }
            let cost = Cost(
                changed: rest.cost.changed + change,
                distance: rest.cost.distance + abs(index - own))
            if let best, best.cost <= cost { continue }
            best = (cost, index)
        }
        known[place] = .some(best)
        return best
    }
}
