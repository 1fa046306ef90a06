import KernelSpace

/// What is best without options: the forest, started from what the kernel taught elsewhere, that prefers machine code it has where the
/// model is indifferent.
public struct AutoStrategy: Strategy {
    private var forest: ForestStrategy

    public init(_ task: SearchTask) {
        forest = ForestStrategy(task, priors: task.priors, indifference: 0.05)
    }

    public mutating func ask(_ count: Int) -> [SearchSpace.Number] { forest.ask(count) }
    public mutating func tell(_ outcomes: [Told]) { forest.tell(outcomes) }
}
