import KernelSpace

/// Extremely randomised trees over classes of features. They make nothing of a prior: beside a process that does, they are the voice of what was
/// tried here.
struct ForestSurrogate: Surrogate {
    static let trees = StrategyOption(
        name: "trees", summary: "trees of the forest", defaultValue: 48, range: 1...1_000)
    static let tries = StrategyOption(
        name: "features", summary: "features tried at a node of a tree", defaultValue: 3,
        range: 1...1_000)
    static let error = StrategyOption(
        name: "error",
        summary: "what the trees err by in common, of the way from the best to the bad",
        defaultValue: 0.05, range: 0...10)
    static let options = [trees, tries, error]

    private let features: Features
    private var forest = ExtraTrees()
    /// How far the trees err together, which their spread does not show. Without it the search passes over what they agree to be nearly as
    /// good as the best, in favour of what they know nothing of.
    private let commonError: Float
    private var table = FeatureTable(rows: 0)

    init(_ task: SearchTask, features: Features) {
        self.features = features
        forest.trees = Int(task.value(of: Self.trees))
        forest.tries = Int(task.value(of: Self.tries))
        commonError = Float(task.value(of: Self.error))
    }

    mutating func take(_ candidates: [SearchSpace.Number], prior: [Float]?) {
        table = features.table(of: candidates)
    }

    mutating func predict(points: [Int], targets: [Float], using generator: inout SeededGenerator)
        -> [[Prediction]]
    {
        var predictions = forest.predict(table, points: points, targets: targets, using: &generator)
        for row in predictions.indices {
            let deviation = predictions[row].deviation
            predictions[row].deviation =
                (deviation * deviation + commonError * commonError).squareRoot()
        }
        return [predictions]
    }
}
