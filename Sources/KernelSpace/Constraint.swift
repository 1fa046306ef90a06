/// A predicate a configuration must satisfy, over parameters, dimensions and the target's constants.
public struct Constraint: Hashable, Sendable {
    /// True or not 0 for a configuration that satisfies the constraint.
    public var expression: Expression

    /// Throws what `Expression` throws.
    public init(_ source: String) throws(KernelSpaceError) {
        expression = try Expression(source)
    }
}
