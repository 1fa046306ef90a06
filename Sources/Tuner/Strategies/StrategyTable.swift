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

    /// Throws `.badRequest` with the known names.
    public static func named(_ name: String) throws(TunerError) -> StrategyDescription {
        if let found = all.first(where: { $0.name == name }) { return found }
        throw TunerError(
            .badRequest, "there is no strategy '\(name)'",
            hint: "known strategies: \(all.map(\.name).joined(separator: ", "))")
    }
}

/// A number that changes how a strategy searches.
public struct StrategyOption: Hashable, Sendable {
    public let name: String
    public let summary: String
    public let defaultValue: Double
    /// What it may be.
    public let range: ClosedRange<Double>
}
