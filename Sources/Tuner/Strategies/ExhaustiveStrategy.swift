import KernelSpace

/// Every configuration, in the space's order.
public struct ExhaustiveStrategy: Strategy {
    private let count: SearchSpace.Number
    private var next: SearchSpace.Number = 0
    private var told: Set<SearchSpace.Number> = []

    public init(_ task: SearchTask) { count = task.space.count }

    public mutating func ask(_ count: Int) -> [SearchSpace.Number] {
        var asked: [SearchSpace.Number] = []
        while asked.count < count, next < self.count {
            if !told.contains(next) { asked.append(next) }
            next += 1
        }
        return asked
    }

    public mutating func tell(_ outcomes: [Told]) {
        told.formUnion(outcomes.map(\.configuration))
    }
}
