import KernelSpace

/// A strategy that can be asked for by name.
public struct StrategyDescription: Sendable {
    public let name: String
    public let summary: String
    public let options: [StrategyOption]
    public let make: @Sendable (SearchTask) -> any Strategy

    /// Every strategy; the first is the default.
    public static let all: [StrategyDescription] = [
        StrategyDescription(
            name: "auto",
            summary:
                "trend, process and forest together, started from what was learnt elsewhere, sparing compiles",
            options: EnsembleSurrogate.options + ModelOption.all, make: AutoStrategy.init),
        StrategyDescription(
            name: "trend",
            summary: "expected improvement under a sum of smooth trends, one a feature",
            options: GaussianProcess<TrendCovariance>.options + ModelOption.all,
            make: ModelStrategy<GaussianProcess<TrendCovariance>>.init),
        StrategyDescription(
            name: "process",
            summary: "expected improvement under a Gaussian process",
            options: GaussianProcess<MaternCovariance>.options + ModelOption.all,
            make: ModelStrategy<GaussianProcess<MaternCovariance>>.init),
        StrategyDescription(
            name: "forest",
            summary: "expected improvement under a model of random trees",
            options: ForestSurrogate.options + ModelOption.all,
            make: ModelStrategy<ForestSurrogate>.init),
        StrategyDescription(
            name: "genetic",
            summary: "children of the best so far: crossover, mutation, tournaments",
            options: GeneticStrategy.options, make: GeneticStrategy.init),
        StrategyDescription(
            name: "hillclimb",
            summary: "neighbours of the best first, restarts from random configurations",
            options: [], make: HillClimbingStrategy.init),
        StrategyDescription(
            name: "random", summary: "uniform over the valid configurations, none twice",
            options: [], make: RandomStrategy.init),
        StrategyDescription(
            name: "exhaustive", summary: "every valid configuration, in order",
            options: [], make: ExhaustiveStrategy.init),
    ]

    /// Reads `name` or `name:option=value,option=value`; throws `.badRequest` with what is known or allowed.
    public static func parse(_ text: String) throws(TunerError) -> (
        description: StrategyDescription, options: [String: Double]
    ) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let description = try named(String(parts[0]))
        var options: [String: Double] = [:]
        for setting in parts.dropFirst().joined().split(separator: ",") {
            let pair = setting.split(separator: "=", maxSplits: 1).map(String.init)
            guard let option = description.options.first(where: { $0.name == pair[0] }) else {
                throw TunerError(
                    .badRequest, "strategy '\(description.name)' has no option '\(pair[0])'",
                    hint: description.options.isEmpty
                        ? "it has none"
                        : "its options: \(description.options.map(\.name).joined(separator: ", "))")
            }
            guard pair.count == 2, let value = Double(pair[1]), option.range.contains(value) else {
                throw TunerError(
                    .badRequest, "'\(setting)' does not set strategy '\(description.name)'",
                    hint:
                        "\(option.name) is a number from \(option.range.lowerBound) to \(option.range.upperBound)"
                )
            }
            options[option.name] = value
        }
        return (description, options)
    }

    /// Throws `.badRequest` with the known names.
    public static func named(_ name: String) throws(TunerError) -> StrategyDescription {
        if let found = all.first(where: { $0.name == name }) { return found }
        throw TunerError(
            .badRequest, "there is no strategy '\(name)'",
            hint: "known strategies: \(all.map(\.name).joined(separator: ", "))")
    }
}

/// A number that changes how a strategy searches.
public struct StrategyOption: Hashable, Codable, Sendable {
    public let name: String
    public let summary: String
    public let defaultValue: Double
    /// What it may be.
    public let range: ClosedRange<Double>
}
