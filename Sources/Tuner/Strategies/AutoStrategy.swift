import KernelSpace

/// What is best without options: trends, a Gaussian process and random trees together, started from what the kernel taught elsewhere, that
/// prefer machine code they have where they are indifferent.
public struct AutoStrategy: Strategy {
    private static let indifference = 0.05

    private var search: ModelStrategy<EnsembleSurrogate>

    public init(_ task: SearchTask) {
        search = ModelStrategy(task, priors: task.priors, indifference: Self.indifference)
    }

    public mutating func ask(_ count: Int) -> [SearchSpace.Number] { search.ask(count) }
    public mutating func tell(_ outcomes: [Told]) { search.tell(outcomes) }
}
