/// A constraint or shape expression: a subset of Python's.
///
/// `and or not`, chained comparisons, `+ - * / // % **`, unary minus, `min max abs`, `in [..]`, parentheses, integers, reals,
/// quoted text. `/` is real division. Nesting and length are bounded; no input traps.
public struct Expression: Hashable, Sendable {
    /// The text as written.
    public let source: String
    /// Names the expression reads.
    public let names: Set<String>

    /// Throws `KernelSpaceError` with line 1 and the column of the offence.
    public init(_ source: String) throws(KernelSpaceError) {
        fatalError("replaced by the expression parser")
    }

    /// Value under `bindings`; throws on a name without a binding, a type mismatch, overflow, division by zero.
    public func evaluate(_ bindings: [String: Value]) throws(KernelSpaceError) -> Value {
        fatalError("replaced by the evaluator")
    }
}
