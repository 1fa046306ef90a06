/// Python's rules for one value: a truth counts as 0 or 1, text compares with text only.
extension Value {
    /// Python's `bool(value)`.
    var truth: Bool {
        switch self {
        case .integer(let value): value != 0
        case .real(let value): value != 0
        case .text(let value): !value.isEmpty
        case .boolean(let value): value
        }
    }

    var isReal: Bool {
        if case .real = self { true } else { false }
    }

    /// The integer or truth as an integer; throws for text. Not for reals.
    func number(_ operation: String, column: Int) throws(KernelSpaceError) -> Int {
        switch self {
        case .integer(let value): return value
        case .boolean(let value): return value ? 1 : 0
        case .real, .text:
            throw .expression("\(operation) needs numbers, not '\(self)'", column: column)
        }
    }

    func real(_ operation: String, column: Int) throws(KernelSpaceError) -> Double {
        if case .real(let value) = self { return value }
        return Double(try number(operation, column: column))
    }

    func negated(column: Int) throws(KernelSpaceError) -> Value {
        if case .real(let value) = self { return .real(-value) }
        let value = try number("-", column: column)
        guard value != .min else {
            throw .expression("-(\(value)) does not fit 64 bits", column: column)
        }
        return .integer(-value)
    }

    func magnitude(column: Int) throws(KernelSpaceError) -> Value {
        if case .real(let value) = self { return .real(value.magnitude) }
        let value = try number("abs", column: column)
        return value < 0 ? try Value.integer(value).negated(column: column) : .integer(value)
    }

    /// Python's `==`: 1, 1.0 and True are equal; text equals only text.
    func equals(_ other: Value) -> Bool { order(to: other) == 0 }

    /// -1, 0 or 1; throws when one side is text and the other is not.
    func compared(to other: Value, column: Int) throws(KernelSpaceError) -> Int {
        guard let order = order(to: other) else {
            throw .expression("cannot order '\(self)' and '\(other)'", column: column)
        }
        return order
    }

    /// Nil when there is no order: text against a number, or not-a-number.
    func order(to other: Value) -> Int? {
        switch (self, other) {
        case (.integer(let left), .integer(let right)):
            return left < right ? -1 : left > right ? 1 : 0
        case (.text(let left), .text(let right)):
            return left < right ? -1 : left > right ? 1 : 0
        case (.text, _), (_, .text):
            return nil
        case (.real(let left), .real(let right)):
            return left < right ? -1 : left > right ? 1 : left == right ? 0 : nil
        case (.boolean(let value), _):
            return Value.integer(value ? 1 : 0).order(to: other)
        case (_, .boolean(let value)):
            return order(to: .integer(value ? 1 : 0))
        case (.integer(let left), .real(let right)):
            return Self.order(left, right)
        case (.real(let left), .integer(let right)):
            return Self.order(right, left).map { -$0 }
        }
    }

    /// Exact where a conversion would round: beyond 2^53 neighbouring integers share a Double.
    private static func order(_ integer: Int, _ real: Double) -> Int? {
        if real.isNaN { return nil }
        if real >= 0x1p63 { return -1 }
        if real < -0x1p63 { return 1 }
        let whole = Int(real.rounded(.down))
        if integer != whole { return integer < whole ? -1 : 1 }
        return real > real.rounded(.down) ? -1 : 0
    }
}
