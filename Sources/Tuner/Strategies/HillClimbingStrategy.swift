import KernelSpace

/// Hill climbing with restarts: tries the neighbours of the best configuration of the climb in random order, moves to the best of
/// a batch that improves on it, and starts again from random configurations when no neighbour is left.
public struct HillClimbingStrategy: Strategy {
    /// A climb starts from the best of so many random configurations: one would often start from a bad place.
    private static let restartCount = 8

    private let space: SearchSpace
    private var draw: Draw
    private var generator: SeededGenerator
    private var taken: Set<SearchSpace.Number> = []
    /// Where the climb is; nil right after a restart.
    private var position: (configuration: SearchSpace.Number, seconds: Double)?
    /// Untried neighbours of the position, the next at the end.
    private var neighbours: [SearchSpace.Number] = []

    public init(_ task: SearchTask) {
        space = task.space
        generator = SeededGenerator(seed: task.seed)
        draw = Draw(count: space.count, seed: generator.next())
    }

    public mutating func ask(_ count: Int) -> [SearchSpace.Number] {
        var asked: [SearchSpace.Number] = []
        while asked.count < count, let neighbour = neighbours.popLast() {
            if taken.insert(neighbour).inserted { asked.append(neighbour) }
        }
        guard asked.isEmpty else { return asked }
        position = nil
        while asked.count < min(count, Self.restartCount),
            let number = draw.next(unless: taken.contains)
        {
            taken.insert(number)
            asked.append(number)
        }
        return asked
    }

    public mutating func tell(_ outcomes: [Told]) {
        taken.formUnion(outcomes.map(\.configuration))
        for outcome in outcomes {
            guard let seconds = outcome.seconds, seconds < position?.seconds ?? .infinity else {
                continue
            }
            position = (outcome.configuration, seconds)
            neighbours = []
        }
        guard let position, neighbours.isEmpty else { return }
        neighbours = space.neighbours(of: position.configuration)
            .filter { !taken.contains($0) }
            .shuffled(using: &generator)
    }
}
