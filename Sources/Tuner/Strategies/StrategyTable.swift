import KernelSpace

/// A strategy that can be asked for by name.
public struct StrategyDescription: Sendable {
    public let name: String
    public let summary: String
    public let make: @Sendable (SearchSpace, UInt64) -> any Strategy

    /// Every strategy; the first is the default.
    public static let all: [StrategyDescription] = [
        StrategyDescription(
            name: "hillclimb",
            summary: "neighbours of the best first, restarts from random configurations",
            make: { HillClimbingStrategy(space: $0, seed: $1) }),
        StrategyDescription(
            name: "random", summary: "uniform over the valid configurations, none twice",
            make: { RandomStrategy(space: $0, seed: $1) }),
        StrategyDescription(
            name: "exhaustive", summary: "every valid configuration, in order",
            make: { ExhaustiveStrategy(space: $0, seed: $1) }),
    ]

    /// Throws `.badRequest` with the known names.
    public static func named(_ name: String) throws(TunerError) -> StrategyDescription {
        if let found = all.first(where: { $0.name == name }) { return found }
        throw TunerError(
            .badRequest, "there is no strategy '\(name)'",
            hint: "known strategies: \(all.map(\.name).joined(separator: ", "))")
    }
}
