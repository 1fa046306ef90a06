/// A predicate a configuration must satisfy, over parameters, dimensions and the target's constants.
public struct Constraint: Hashable, Sendable {
    public var expression: Expression

    public init(_ source: String) throws(KernelSpaceError) {
        expression = try Expression(source)
    }
}
