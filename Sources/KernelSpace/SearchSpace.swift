/// All valid configurations of a kernel for one problem and target.
///
/// Configurations are numbered 0 ..< count in lexicographic order of value indices (first parameter slowest).
public struct SearchSpace: Sendable {
    public let parameters: [Parameter]
    public let constraints: [Constraint]

    /// `constants` are the names constraints may use besides parameters: dimensions, `vector_bytes`, `vector_registers`, `cores`.
    /// Prunes prefixes: a constraint is tested as soon as its last parameter has a value.
    public init(
        parameters: [Parameter], constraints: [Constraint], constants: [String: Value] = [:]
    ) throws(KernelSpaceError) {
        fatalError("replaced by the enumeration")
    }

    /// Number of valid configurations.
    public var count: Int { fatalError("replaced by the enumeration") }

    /// The configuration of that number.
    public subscript(number: Int) -> Configuration { fatalError("replaced by the enumeration") }

    /// Its number, or nil if it is not valid here.
    public func number(of configuration: Configuration) -> Int? {
        fatalError("replaced by the enumeration")
    }

    /// Numbers of the valid configurations that differ in one parameter, ascending.
    public func neighbours(of number: Int) -> [Int] { fatalError("replaced by the enumeration") }
}
