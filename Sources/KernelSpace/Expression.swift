/// A constraint or shape expression: a subset of Python's.
///
/// `and or not`, chained comparisons, `+ - * / // % **`, unary minus, `min max abs`, `in [..]`, `not in [..]`, parentheses,
/// integers, reals, quoted text, `True`, `False`. `/` is real division; `//` and `%` round towards minus infinity; `and` and
/// `or` give a truth, not an operand. Nesting and length are bounded; no input traps.
public struct Expression: Hashable, Sendable {
    /// The text as written.
    public let source: String
    /// Names the expression reads.
    public let names: Set<String>
    /// The names in order of first appearance: slot i of `root` is `slots[i]`.
    let slots: [ExpressionName]
    let root: ExpressionNode

    /// Longest source in Unicode scalars.
    public static let maximumLength = 4096
    /// Deepest tree: parsing and evaluation recurse this far, which any thread's stack affords.
    public static let maximumDepth = 128

    /// Throws `KernelSpaceError` with line 1 and the column of the offence.
    public init(_ source: String) throws(KernelSpaceError) {
        var parser = try ExpressionParser(source)
        root = try parser.parse()
        slots = parser.slots
        names = Set(slots.map(\.name))
        self.source = source
    }

    /// Value under `bindings`; throws on a name without a binding, a type mismatch, overflow, division by zero.
    public func evaluate(_ bindings: [String: Value]) throws(KernelSpaceError) -> Value {
        var values: [Value] = []
        values.reserveCapacity(slots.count)
        for slot in slots {
            guard let value = bindings[slot.name] else {
                throw .expression("\"\(slot.name)\" has no value here", column: slot.column)
            }
            values.append(value)
        }
        return try root.evaluate(values)
    }

    /// Expressions are equal when their sources are.
    public static func == (left: Expression, right: Expression) -> Bool {
        left.source == right.source
    }

    /// Hashes the source.
    public func hash(into hasher: inout Hasher) { hasher.combine(source) }
}

extension Expression {
    /// An integer result; a real without a fraction counts as one.
    func integer(_ bindings: [String: Value]) throws(KernelSpaceError) -> Int {
        let result = try evaluate(bindings)
        switch result {
        case .integer(let value):
            return value
        case .real(let value):
            if let whole = Int(exactly: value) { return whole }
        case .text, .boolean:
            break
        }
        throw .expression("is \(result), must be an integer", column: 1)
    }

    /// A finite result of at least 0.
    func magnitude(_ bindings: [String: Value]) throws(KernelSpaceError) -> Double {
        let result = try evaluate(bindings)
        switch result {
        case .integer(let value):
            if value >= 0 { return Double(value) }
        case .real(let value):
            if value >= 0, value.isFinite { return value }
        case .text, .boolean:
            break
        }
        throw .expression("is \(result), must be a number of at least 0", column: 1)
    }
}

/// A name and where it first stands.
struct ExpressionName: Hashable, Sendable {
    var name: String
    var column: Int
}

extension KernelSpaceError {
    static func expression(_ message: String, column: Int) -> KernelSpaceError {
        KernelSpaceError(.expression, message, line: 1, column: column)
    }
}
