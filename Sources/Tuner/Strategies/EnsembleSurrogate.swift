import KernelSpace

/// A Gaussian process and random trees, side by side: one sees trends, the other cliffs.
struct EnsembleSurrogate: Surrogate {
    static let options = GaussianProcess.options + ForestSurrogate.options

    private var process: GaussianProcess
    private var forest: ForestSurrogate

    init(_ task: SearchTask, features: Features) {
        process = GaussianProcess(task, features: features)
        forest = ForestSurrogate(task, features: features)
    }

    mutating func take(_ candidates: [SearchSpace.Number], prior: [Float]?) {
        process.take(candidates, prior: prior)
        forest.take(candidates, prior: prior)
    }

    mutating func predict(points: [Int], targets: [Float], using generator: inout SeededGenerator)
        -> [[Prediction]]
    {
        process.predict(points: points, targets: targets, using: &generator)
            + forest.predict(points: points, targets: targets, using: &generator)
    }
}
