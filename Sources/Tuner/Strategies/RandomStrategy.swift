import KernelSpace

/// Uniform over the valid configurations, without repetition.
public struct RandomStrategy: Strategy {
    private var draw: Draw
    private var told: Set<Int> = []

    public init(space: SearchSpace, seed: UInt64) {
        draw = Draw(count: space.count, seed: seed)
    }

    public mutating func ask(_ count: Int) -> [Int] {
        var asked: [Int] = []
        while asked.count < count, let number = draw.next(unless: told.contains) {
            asked.append(number)
        }
        return asked
    }

    public mutating func tell(_ outcomes: [Told]) {
        told.formUnion(outcomes.map(\.configuration))
    }
}
