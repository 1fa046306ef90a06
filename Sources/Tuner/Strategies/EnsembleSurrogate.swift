import KernelSpace

/// Three models side by side: trends are plain after few trials, a process learns how features act together, and trees see cliffs.
struct EnsembleSurrogate: Surrogate {
    static let options =
        GaussianProcess<TrendCovariance>.options + GaussianProcess<MaternCovariance>.options
        + ForestSurrogate.options

    private var trend: GaussianProcess<TrendCovariance>
    private var process: GaussianProcess<MaternCovariance>
    private var forest: ForestSurrogate

    init(_ task: SearchTask, features: Features) {
        trend = GaussianProcess(task, features: features)
        process = GaussianProcess(task, features: features)
        forest = ForestSurrogate(task, features: features)
    }

    mutating func take(_ candidates: [SearchSpace.Number], prior: [Float]?) {
        trend.take(candidates, prior: prior)
        process.take(candidates, prior: prior)
        forest.take(candidates, prior: prior)
    }

    mutating func predict(points: [Int], targets: [Float], using generator: inout SeededGenerator)
        -> [[Prediction]]
    {
        trend.predict(points: points, targets: targets, using: &generator)
            + process.predict(points: points, targets: targets, using: &generator)
            + forest.predict(points: points, targets: targets, using: &generator)
    }
}
