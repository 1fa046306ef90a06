import WorkerProtocol

/// A named finite domain.
public struct Parameter: Hashable, Codable, Sendable {
    /// Where a parameter's value goes.
    public enum Role: Hashable, Codable, Sendable {
        /// An integer generic argument: part of the machine code.
        case integer
        /// A generic argument `SIMDn<Element>`, the value being n: part of the machine code.
        case vector(element: ElementType)
        /// A run-time argument: never a recompile.
        case argument
        /// The run-time argument that says how many threads enter the variant.
        case threads
    }
    /// An identifier of expressions and of generated Swift.
    public var name: String
    /// Where its value goes.
    public var role: Role
    /// Distinct, in the author's order, which neighbours follow.
    public var values: [Value]
    /// One line for people.
    public var summary: String

    /// Takes a domain whose values are distinct.
    public init(name: String, role: Role, values: [Value], summary: String = "") {
        self.name = name
        self.role = role
        self.values = values
        self.summary = summary
    }

    /// Whether the value changes machine code.
    public var isSpecialization: Bool {
        switch role {
        case .integer, .vector: true
        case .argument, .threads: false
        }
    }
}
