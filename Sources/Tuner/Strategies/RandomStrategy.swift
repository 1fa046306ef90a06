import KernelSpace

/// Uniform over the valid configurations, without repetition.
public struct RandomStrategy: Strategy {
    private var draw: Draw
    private var told: Set<SearchSpace.Number> = []

    public init(_ task: SearchTask) {
        draw = Draw(count: task.space.count, seed: task.seed)
    }

    public mutating func ask(_ count: Int) -> [SearchSpace.Number] {
        var asked: [SearchSpace.Number] = []
        while asked.count < count, let number = draw.next(unless: told.contains) {
            asked.append(number)
        }
        return asked
    }

    public mutating func tell(_ outcomes: [Told]) {
        told.formUnion(outcomes.map(\.configuration))
    }
}
