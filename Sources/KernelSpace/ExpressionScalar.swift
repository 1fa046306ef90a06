/// A value in two words: what compiled constraints compute with and diagrams hash.
struct ExpressionScalar: Hashable, Sendable {
    enum Kind: UInt8 {
        case integer, real, truth
        /// `bits` is the text's rank among all texts in use; the empty text has rank 0.
        case text
        /// The operation has no value: division by zero, overflow, a text where a number is needed.
        case failed
        /// Read by decided constraints only; whatever is computed from it is irrelevant too.
        case irrelevant
    }

    var kind: Kind
    /// The integer, the real's bit pattern, 0 or 1 for a truth.
    var bits: Int

    static let failed = ExpressionScalar(kind: .failed, bits: 0)
    static let irrelevant = ExpressionScalar(kind: .irrelevant, bits: 0)

    init(kind: Kind, bits: Int) {
        self.kind = kind
        self.bits = bits
    }

    init(_ value: Bool) { self.init(kind: .truth, bits: value ? 1 : 0) }
    init(_ value: Int) { self.init(kind: .integer, bits: value) }
    init(_ value: Double) {
        self.init(kind: .real, bits: Int(bitPattern: UInt(value.bitPattern)))
    }

    /// `rank` gives the rank of a text.
    init(_ value: Value, rank: (String) -> Int) {
        switch value {
        case .integer(let integer): self.init(integer)
        case .real(let real): self.init(real)
        case .boolean(let truth): self.init(truth)
        case .text(let text): self.init(kind: .text, bits: rank(text))
        }
    }

    var real: Double { Double(bitPattern: UInt64(UInt(bitPattern: bits))) }

    /// Python's `bool(value)`.
    var truth: Bool { kind == .real ? real != 0 : bits != 0 }

    /// Nil for text and where there is no value.
    var number: Value? {
        switch kind {
        case .integer: .integer(bits)
        case .real: .real(real)
        case .truth: .boolean(bits != 0)
        case .text, .failed, .irrelevant: nil
        }
    }

    /// -1, 0 or 1; nil when there is no order.
    func order(to other: ExpressionScalar) -> Int? {
        if kind == other.kind, kind != .real {
            return bits < other.bits ? -1 : bits > other.bits ? 1 : 0
        }
        guard let left = number, let right = other.number else { return nil }
        return left.order(to: right)
    }
}

/// What a node of an `ExpressionGraph` computes from one or two others.
enum ExpressionOperation: UInt8, Sendable {
    case constant, slot
    case negate, absolute, not
    /// `either` is an `or` that evaluates both sides, as the items of a list are.
    case and, or, either
    case add, subtract, multiply, divide, floorDivide, modulo, power
    case minimum, maximum
    case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual

    /// What the tree interpreter computes, with failure as a value. Unary operations ignore `right`.
    @inline(__always)
    func apply(_ left: ExpressionScalar, _ right: ExpressionScalar) -> ExpressionScalar {
        if left.kind == .integer, right.kind == .integer {
            let (a, b) = (left.bits, right.bits)
            switch self {
            case .multiply:
                let result = a.multipliedReportingOverflow(by: b)
                return result.overflow ? .failed : ExpressionScalar(result.partialValue)
            case .add:
                let result = a.addingReportingOverflow(b)
                return result.overflow ? .failed : ExpressionScalar(result.partialValue)
            case .subtract:
                let result = a.subtractingReportingOverflow(b)
                return result.overflow ? .failed : ExpressionScalar(result.partialValue)
            case .modulo where a >= 0 && b > 0: return ExpressionScalar(a % b)
            case .floorDivide where a >= 0 && b > 0: return ExpressionScalar(a / b)
            case .less: return ExpressionScalar(a < b)
            case .lessOrEqual: return ExpressionScalar(a <= b)
            case .greater: return ExpressionScalar(a > b)
            case .greaterOrEqual: return ExpressionScalar(a >= b)
            case .equal: return ExpressionScalar(a == b)
            case .notEqual: return ExpressionScalar(a != b)
            case .minimum: return ExpressionScalar(min(a, b))
            case .maximum: return ExpressionScalar(max(a, b))
            default: break
            }
        }
        return applyGenerally(left, right)
    }

    @inline(never)
    private func applyGenerally(
        _ left: ExpressionScalar, _ right: ExpressionScalar
    ) -> ExpressionScalar {
        if left.kind == .failed || left.kind == .irrelevant { return left }
        switch self {
        case .constant, .slot: return left
        case .not: return ExpressionScalar(!left.truth)
        case .and where !left.truth: return ExpressionScalar(false)
        case .or where left.truth: return ExpressionScalar(true)
        case .negate, .absolute:
            guard let value = left.number else { return .failed }
            return Self.result { () throws(KernelSpaceError) in
                try self == .negate ? value.negated(column: 0) : value.magnitude(column: 0)
            }
        default: break
        }
        if right.kind == .failed || right.kind == .irrelevant { return right }
        switch self {
        case .and, .or: return ExpressionScalar(right.truth)
        case .either: return ExpressionScalar(left.truth || right.truth)
        case .minimum, .maximum:
            guard let order = right.order(to: left) else { return .failed }
            return order == (self == .minimum ? -1 : 1) ? right : left
        case .equal: return ExpressionScalar(left.order(to: right) == 0)
        case .notEqual: return ExpressionScalar(left.order(to: right) != 0)
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            guard let order = left.order(to: right) else { return .failed }
            return ExpressionScalar(holds(order: order))
        default:
            guard let arithmetic, let a = left.number, let b = right.number else { return .failed }
            return Self.result { () throws(KernelSpaceError) in
                try arithmetic.apply(a, b, column: 0)
            }
        }
    }

    private static func result(
        _ compute: () throws(KernelSpaceError) -> Value
    ) -> ExpressionScalar {
        // The tree interpreter words the failure if it matters.
        guard let value = try? compute() else { return .failed }
        return ExpressionScalar(value) { _ in 0 }
    }

    /// Whether the comparison holds between a left side and a right side that are so ordered.
    func holds(order: Int) -> Bool {
        switch self {
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        case .greaterOrEqual: order >= 0
        case .equal: order == 0
        default: order != 0
        }
    }

    private var arithmetic: ExpressionArithmetic? {
        switch self {
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        case .floorDivide: .floorDivide
        case .modulo: .modulo
        case .power: .power
        default: nil
        }
    }
}

extension ExpressionArithmetic {
    var operation: ExpressionOperation {
        switch self {
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        case .floorDivide: .floorDivide
        case .modulo: .modulo
        case .power: .power
        }
    }
}

extension ExpressionComparison {
    var operation: ExpressionOperation {
        switch self {
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        case .equal: .equal
        case .notEqual: .notEqual
        }
    }
}
