import KernelSpace

/// Every configuration, in the space's order.
public struct ExhaustiveStrategy: Strategy {
    private let count: Int
    private var next = 0
    private var told: Set<Int> = []

    public init(space: SearchSpace, seed: UInt64) { count = space.count }

    public mutating func ask(_ count: Int) -> [Int] {
        var asked: [Int] = []
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
