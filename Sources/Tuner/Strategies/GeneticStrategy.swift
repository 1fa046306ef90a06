import KernelSpace

/// A steady-state genetic algorithm: the population is the best configurations so far, and each child is bred from it by tournament
/// selection, uniform crossover of value indices and mutation (Bäck, Fogel, Michalewicz: Evolutionary Computation, 2000).
///
/// No generations: any number of children can be asked for, and a good one is a parent as soon as it is told.
public struct GeneticStrategy: Strategy {
    private static let populationSize = StrategyOption(
        name: "population", summary: "how many of the best configurations are parents",
        defaultValue: 20, range: 2...10_000)
    private static let tournamentSize = StrategyOption(
        name: "tournament", summary: "parents drawn at random, of which the best breeds",
        defaultValue: 2, range: 1...100)
    private static let mutationRate = StrategyOption(
        name: "mutation", summary: "probability that a child's parameter changes",
        defaultValue: 0.1, range: 0...1)
    static let options = [populationSize, tournamentSize, mutationRate]

    /// A child that was tried before is bred again so often before chance takes its place.
    private static let breedingLimit = 16
    /// Share of the mutations that move to an adjacent value of the domain; the others draw any value.
    private static let adjacentShare = 0.5

    private struct Member {
        let indices: [Int]
        let seconds: Double
    }

    private let space: SearchSpace
    private let size: Int
    private let tournament: Int
    private let mutation: Double
    private var draw: Draw
    private var generator: SeededGenerator
    private var taken: Set<SearchSpace.Number> = []
    /// How many random configurations were asked for to begin with.
    private var founders = 0
    /// The best first.
    private var population: [Member] = []

    public init(_ task: SearchTask) {
        space = task.space
        size = Int(task.value(of: Self.populationSize))
        tournament = Int(task.value(of: Self.tournamentSize))
        mutation = task.value(of: Self.mutationRate)
        generator = SeededGenerator(seed: task.seed)
        draw = Draw(count: space.count, seed: generator.next())
    }

    public mutating func ask(_ count: Int) -> [SearchSpace.Number] {
        var asked: [SearchSpace.Number] = []
        // A first batch larger than the population stops there: what comes next has parents.
        let wanted = population.count < 2 ? min(count, max(size - founders, 1)) : count
        while asked.count < wanted, let number = next() {
            taken.insert(number)
            asked.append(number)
        }
        return asked
    }

    public mutating func tell(_ outcomes: [Told]) {
        for outcome in outcomes {
            taken.insert(outcome.configuration)
            guard let seconds = outcome.seconds else { continue }
            let place = population.firstIndex { seconds < $0.seconds } ?? population.count
            guard place < size else { continue }
            let indices = space.configurationIndices(outcome.configuration)
            population.insert(Member(indices: indices, seconds: seconds), at: place)
            if population.count > size { population.removeLast() }
        }
    }

    private mutating func next() -> SearchSpace.Number? {
        if founders < size {
            founders += 1
        } else if population.count >= 2, let child = untriedChild() {
            return child
        }
        return draw.next(unless: taken.contains)
    }

    /// A child, else a neighbour of a parent; nil if all that was bred had been tried.
    private mutating func untriedChild() -> SearchSpace.Number? {
        for _ in 0..<Self.breedingLimit {
            let child = child()
            if !taken.contains(child) { return child }
        }
        guard let parent = space.number(ofIndices: parent().indices) else { return nil }
        return space.neighbours(of: parent).filter { !taken.contains($0) }
            .randomElement(using: &generator)
    }

    private mutating func child() -> SearchSpace.Number {
        let first = parent().indices
        let second = parent().indices
        var child = first
        for position in child.indices where Bool.random(using: &generator) {
            child[position] = second[position]
        }
        for position in child.indices
        where Double.random(in: 0..<1, using: &generator) < mutation {
            child[position] = mutated(child[position], of: space.parameters[position].values.count)
        }
        return repaired(child, towards: first)
    }

    /// The best of some members drawn at random.
    private mutating func parent() -> Member {
        var best = population.count - 1
        for _ in 0..<tournament {
            best = min(best, Int.random(in: population.indices, using: &generator))
        }
        return population[best]
    }

    private mutating func mutated(_ index: Int, of count: Int) -> Int {
        if Double.random(in: 0..<1, using: &generator) < Self.adjacentShare {
            let moved = Bool.random(using: &generator) ? index + 1 : index - 1
            return min(max(moved, 0), count - 1)
        }
        return Int.random(in: 0..<count, using: &generator)
    }

    /// A child that violates constraints goes back to its valid parent, one parameter after another, until it is valid.
    private mutating func repaired(_ child: [Int], towards parent: [Int]) -> SearchSpace.Number {
        var child = child
        for position in child.indices.filter({ child[$0] != parent[$0] })
            .shuffled(using: &generator)
        {
            if let number = space.number(ofIndices: child) { return number }
            child[position] = parent[position]
        }
        guard let number = space.number(ofIndices: child) else {
            preconditionFailure("the valid parent \(parent) became the invalid \(child)")
        }
        return number
    }
}
