/// What a node's value may be, given what its operands' values may be.
///
/// Never too narrow: rounding is monotone, so the bounds of real operations hold for their rounded results too.
struct ExpressionBounds: Sendable {
    enum Kind: UInt8 {
        case integer, real, truth, text
        /// Nothing is known, not even the kind.
        case any
    }

    var kind: Kind
    /// Whether there may be no value at all.
    var mayFail: Bool
    /// As `ExpressionScalar.bits`; without meaning for `any`.
    var low: Int
    var high: Int

    init(kind: Kind, mayFail: Bool = false, low: Int, high: Int) {
        self.kind = kind
        self.mayFail = mayFail
        self.low = low
        self.high = high
    }

    /// Exactly this value.
    @inline(__always)
    init(_ value: ExpressionScalar) {
        switch value.kind {
        case .integer: self.init(kind: .integer, low: value.bits, high: value.bits)
        case .real where value.real.isFinite:
            self.init(kind: .real, low: value.bits, high: value.bits)
        case .truth: self.init(kind: .truth, low: value.bits, high: value.bits)
        case .text: self.init(kind: .text, low: value.bits, high: value.bits)
        case .real: self = .unknown(mayFail: false)
        case .failed, .irrelevant: self = .unknown(mayFail: true)
        }
    }

    /// Any of these values.
    init(_ values: some Sequence<ExpressionScalar>) {
        var bounds: ExpressionBounds?
        for value in values {
            let next = ExpressionBounds(value)
            bounds = bounds?.union(next) ?? next
        }
        self = bounds ?? .unknown(mayFail: false)
    }

    static func unknown(mayFail: Bool) -> ExpressionBounds {
        ExpressionBounds(kind: .any, mayFail: mayFail, low: 0, high: 0)
    }

    fileprivate var lowScalar: ExpressionScalar { scalar(low) }
    fileprivate var highScalar: ExpressionScalar { scalar(high) }

    private func scalar(_ bits: Int) -> ExpressionScalar {
        switch kind {
        case .integer: ExpressionScalar(bits)
        case .real: ExpressionScalar(kind: .real, bits: bits)
        case .truth: ExpressionScalar(bits != 0)
        case .text: ExpressionScalar(kind: .text, bits: bits)
        case .any: .failed
        }
    }

    /// The only value there is, if it is one that cannot fail.
    var constant: ExpressionScalar? {
        kind == .any || mayFail || low != high ? nil : lowScalar
    }

    private func union(_ other: ExpressionBounds) -> ExpressionBounds {
        let mayFail = mayFail || other.mayFail
        guard kind == other.kind, kind != .any else { return .unknown(mayFail: mayFail) }
        var result = self
        result.mayFail = mayFail
        if kind == .real {
            if other.lowReal < lowReal { result.low = other.low }
            if other.highReal > highReal { result.high = other.high }
        } else {
            result.low = min(low, other.low)
            result.high = max(high, other.high)
        }
        return result
    }

    /// Whether values are integers, a truth being 0 or 1.
    fileprivate var isWhole: Bool { kind == .integer || kind == .truth }
    fileprivate var isNumber: Bool { isWhole || kind == .real }

    private var lowReal: Double { kind == .real ? lowScalar.real : Double(low) }
    fileprivate var highReal: Double { kind == .real ? highScalar.real : Double(high) }

    var isNonnegative: Bool { isWhole && low >= 0 || kind == .real && lowReal >= 0 }
    var isNonpositive: Bool { isWhole && high <= 0 || kind == .real && highReal <= 0 }
    var isPositive: Bool { isWhole && low > 0 || kind == .real && lowReal > 0 }
    fileprivate var excludesZero: Bool {
        isPositive || isWhole && high < 0 || kind == .real && highReal < 0
    }

    /// The greatest magnitude of integers that cannot fail; nil for other values.
    var magnitude: Int? {
        isWhole && !mayFail && low > .min ? Swift.max(abs(low), abs(high)) : nil
    }

    /// Whether the value may be false, and whether it may be true.
    var truth: (low: Bool, high: Bool) {
        switch kind {
        case .any: return (false, true)
        case .real:
            let isZero = lowReal == 0 && highReal == 0
            return (excludesZero, !isZero)
        case .integer, .truth, .text:
            return (low > 0 || high < 0, low != 0 || high != 0)
        }
    }
}

extension ExpressionOperation {
    /// Bounds of the result. Unary operations ignore `right`.
    @inline(__always)
    func apply(_ left: ExpressionBounds, _ right: ExpressionBounds) -> ExpressionBounds {
        if left.kind == .integer, right.kind == .integer {
            switch self {
            case .add:
                let low = left.low.addingReportingOverflow(right.low)
                let high = left.high.addingReportingOverflow(right.high)
                if low.overflow || high.overflow { break }
                return ExpressionBounds(
                    kind: .integer, mayFail: left.mayFail || right.mayFail, low: low.partialValue,
                    high: high.partialValue)
            case .multiply where left.low >= 0 && right.low >= 0:
                let high = left.high.multipliedReportingOverflow(by: right.high)
                if high.overflow { break }
                return ExpressionBounds(
                    kind: .integer, mayFail: left.mayFail || right.mayFail,
                    low: left.low &* right.low, high: high.partialValue)
            default: break
            }
        }
        return applyGenerally(left, right)
    }

    @inline(never)
    private func applyGenerally(
        _ left: ExpressionBounds, _ right: ExpressionBounds
    ) -> ExpressionBounds {
        switch self {
        case .and, .or: return junction(left, right)
        case .not:
            let (low, high) = left.truth
            return Self.truth(!high, !low, mayFail: left.mayFail)
        case .negate, .absolute:
            var result = unary(left)
            result.mayFail = result.mayFail || left.mayFail
            return result
        default:
            var result = strict(left, right)
            result.mayFail = result.mayFail || left.mayFail || right.mayFail
            return result
        }
    }

    private static func truth(_ low: Bool, _ high: Bool, mayFail: Bool = false) -> ExpressionBounds
    {
        ExpressionBounds(kind: .truth, mayFail: mayFail, low: low ? 1 : 0, high: high ? 1 : 0)
    }

    /// `and` and `or`: the right side only counts where the left side does not decide.
    private func junction(_ left: ExpressionBounds, _ right: ExpressionBounds) -> ExpressionBounds {
        let (a, b) = (left.truth, right.truth)
        if self == .and {
            if !a.high { return Self.truth(false, false, mayFail: left.mayFail) }
            return Self.truth(
                a.low && b.low, b.high, mayFail: left.mayFail || right.mayFail)
        }
        if a.low { return Self.truth(true, true, mayFail: left.mayFail) }
        return Self.truth(b.low, a.high || b.high, mayFail: left.mayFail || right.mayFail)
    }

    private func unary(_ operand: ExpressionBounds) -> ExpressionBounds {
        guard let ends = operand.ends else { return .unknown(mayFail: true) }
        let low = apply(ends.low, ends.low)
        let high = apply(ends.high, ends.high)
        let isMonotone = self == .negate || operand.isNonnegative || operand.isNonpositive
        let zero = operand.kind == .real ? ExpressionScalar(0.0) : ExpressionScalar(0)
        return ExpressionBounds(isMonotone ? [low, high] : [low, high, zero])
    }

    /// Operations that evaluate both sides.
    private func strict(_ left: ExpressionBounds, _ right: ExpressionBounds) -> ExpressionBounds {
        switch self {
        case .either:
            let (a, b) = (left.truth, right.truth)
            return Self.truth(a.low || b.low, a.high || b.high)
        case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual:
            return comparison(left, right)
        default: break
        }
        guard let a = left.ends, let b = right.ends else { return .unknown(mayFail: true) }
        switch self {
        case .add, .minimum, .maximum:
            guard self == .add || left.kind == right.kind else {
                return .unknown(mayFail: !left.isNumber || !right.isNumber)
            }
            return ExpressionBounds([apply(a.low, b.low), apply(a.high, b.high)])
        case .subtract:
            return ExpressionBounds([apply(a.low, b.high), apply(a.high, b.low)])
        case .multiply: return corners(a, b)
        case .divide where right.excludesZero: return corners(a, b)
        case .floorDivide where right.excludesZero && left.isWhole && right.isWhole:
            return corners(a, b)
        case .modulo where left.isWhole && right.isWhole && right.isPositive:
            if left.low >= 0, left.high < right.low { return left.asInteger }
            let most = left.low >= 0 ? min(left.high, right.high - 1) : right.high - 1
            return ExpressionBounds(kind: .integer, low: 0, high: most)
        case .modulo where left.isNumber && right.isPositive:
            // The remainder may round up to the divisor.
            return ExpressionBounds([ExpressionScalar(0.0), ExpressionScalar(right.highReal)])
        case .power where left.isWhole && right.isWhole && right.isNonnegative:
            if left.isPositive || left.isNonnegative && right.low == right.high {
                return corners(a, b)
            }
            guard right.low == right.high, let most = left.magnitude else { break }
            let power = apply(ExpressionScalar(most), b.low)
            return ExpressionBounds([power, apply(ExpressionScalar(0), b.low), .init(0)])
                .symmetric
        default: break
        }
        if a.low == a.high, b.low == b.high { return ExpressionBounds(apply(a.low, b.low)) }
        return .unknown(mayFail: true)
    }

    /// Of an operation that is monotone in each side while the other one is fixed.
    private func corners(
        _ a: (low: ExpressionScalar, high: ExpressionScalar),
        _ b: (low: ExpressionScalar, high: ExpressionScalar)
    ) -> ExpressionBounds {
        ExpressionBounds([
            apply(a.low, b.low), apply(a.low, b.high), apply(a.high, b.low), apply(a.high, b.high),
        ])
    }

    private func comparison(
        _ left: ExpressionBounds, _ right: ExpressionBounds
    ) -> ExpressionBounds {
        let isEquality = self == .equal || self == .notEqual
        guard let a = left.ends, let b = right.ends, let least = a.low.order(to: b.high),
            let most = a.high.order(to: b.low)
        else {
            let isMixed =
                left.kind != .any && right.kind != .any
                && (left.kind == .text) != (right.kind == .text)
            if isEquality, isMixed { return Self.truth(self == .notEqual, self == .notEqual) }
            return Self.truth(false, true, mayFail: !isEquality)
        }
        // The order of the sides lies in least ... most.
        let orders = (least...max(least, most))
        return Self.truth(orders.allSatisfy(holds(order:)), orders.contains(where: holds(order:)))
    }
}

extension ExpressionBounds {
    /// The least and the greatest value; nil if unknown.
    fileprivate var ends: (low: ExpressionScalar, high: ExpressionScalar)? {
        kind == .any ? nil : (lowScalar, highScalar)
    }

    fileprivate var asInteger: ExpressionBounds {
        ExpressionBounds(kind: .integer, mayFail: mayFail, low: low, high: high)
    }

    /// With the opposites of all values; of nonnegative integers.
    fileprivate var symmetric: ExpressionBounds {
        kind == .integer
            ? ExpressionBounds(kind: .integer, mayFail: mayFail, low: -high, high: high) : self
    }
}
