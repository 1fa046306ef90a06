#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A parsed expression; names are slots of an array of values.
indirect enum ExpressionNode: Sendable {
    case constant(Value)
    case slot(Int)
    case negate(ExpressionNode, column: Int)
    case not(ExpressionNode)
    case and(ExpressionNode, ExpressionNode)
    case or(ExpressionNode, ExpressionNode)
    case arithmetic(ExpressionArithmetic, ExpressionNode, ExpressionNode, column: Int)
    case chain(ExpressionNode, [ExpressionLink])
    case extremum(wantsLeast: Bool, [ExpressionNode], column: Int)
    case absolute(ExpressionNode, column: Int)
}

/// One comparison of a chain with its right side.
enum ExpressionLink: Sendable {
    case compare(ExpressionComparison, ExpressionNode, column: Int)
    case isIn([ExpressionNode], negated: Bool)
}

enum ExpressionArithmetic: Sendable {
    case add, subtract, multiply, divide, floorDivide, modulo, power
}

enum ExpressionComparison: String, Sendable {
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "=="
    case notEqual = "!="
}

extension ExpressionNode {
    /// Value with `values[i]` in slot i.
    func evaluate(_ values: borrowing [Value]) throws(KernelSpaceError) -> Value {
        switch self {
        case .constant(let value):
            return value
        case .slot(let slot):
            return values[slot]
        case .negate(let operand, let column):
            return try operand.evaluate(values).negated(column: column)
        case .not(let operand):
            return .boolean(try !operand.evaluate(values).truth)
        case .and(let left, let right):
            guard try left.evaluate(values).truth else { return .boolean(false) }
            return .boolean(try right.evaluate(values).truth)
        case .or(let left, let right):
            if try left.evaluate(values).truth { return .boolean(true) }
            return .boolean(try right.evaluate(values).truth)
        case .arithmetic(let operation, let left, let right, let column):
            return try operation.apply(
                left.evaluate(values), right.evaluate(values), column: column)
        case .chain(let first, let links):
            return .boolean(try Self.holds(first, links, values))
        case .extremum(let wantsLeast, let nodes, let column):
            var best = try nodes[0].evaluate(values)
            for node in nodes.dropFirst() {
                let next = try node.evaluate(values)
                let order = try next.compared(to: best, column: column)
                if order == (wantsLeast ? -1 : 1) { best = next }
            }
            return best
        case .absolute(let operand, let column):
            return try operand.evaluate(values).magnitude(column: column)
        }
    }

    private static func holds(
        _ first: ExpressionNode, _ links: [ExpressionLink], _ values: borrowing [Value]
    ) throws(KernelSpaceError) -> Bool {
        var left = try first.evaluate(values)
        for link in links {
            switch link {
            case .compare(let comparison, let node, let column):
                let right = try node.evaluate(values)
                guard try comparison.holds(left, right, column: column) else { return false }
                left = right
            case .isIn(let nodes, let negated):
                var found = false
                // Every item is evaluated, as Python builds the list first.
                for node in nodes where try node.evaluate(values).equals(left) { found = true }
                guard found != negated else { return false }
            }
        }
        return true
    }

    /// Calls `body` for every node of the tree, the outer before the inner.
    func forEachNode(_ body: (ExpressionNode) -> Void) {
        body(self)
        switch self {
        case .constant, .slot: break
        case .negate(let operand, _), .not(let operand), .absolute(let operand, _):
            operand.forEachNode(body)
        case .and(let left, let right), .or(let left, let right),
            .arithmetic(_, let left, let right, _):
            left.forEachNode(body)
            right.forEachNode(body)
        case .extremum(_, let nodes, _):
            for node in nodes { node.forEachNode(body) }
        case .chain(let first, let links):
            first.forEachNode(body)
            for link in links {
                switch link {
                case .compare(_, let node, _): node.forEachNode(body)
                case .isIn(let nodes, _): for node in nodes { node.forEachNode(body) }
                }
            }
        }
    }
}

extension ExpressionComparison {
    func holds(_ left: Value, _ right: Value, column: Int) throws(KernelSpaceError) -> Bool {
        switch self {
        case .equal: left.equals(right)
        case .notEqual: !left.equals(right)
        case .less: try left.compared(to: right, column: column) < 0
        case .lessOrEqual: try left.compared(to: right, column: column) <= 0
        case .greater: try left.compared(to: right, column: column) > 0
        case .greaterOrEqual: try left.compared(to: right, column: column) >= 0
        }
    }
}

extension ExpressionArithmetic {
    func apply(_ left: Value, _ right: Value, column: Int) throws(KernelSpaceError) -> Value {
        if left.isReal || right.isReal {
            return try apply(
                left.real(name, column: column), right.real(name, column: column), column: column)
        }
        return try apply(
            left.number(name, column: column), right.number(name, column: column), column: column)
    }

    private var name: String {
        switch self {
        case .add: "+"
        case .subtract: "-"
        case .multiply: "*"
        case .divide: "/"
        case .floorDivide: "//"
        case .modulo: "%"
        case .power: "**"
        }
    }

    private func apply(_ left: Int, _ right: Int, column: Int) throws(KernelSpaceError) -> Value {
        let result: (partialValue: Int, overflow: Bool)
        switch self {
        case .add: result = left.addingReportingOverflow(right)
        case .subtract: result = left.subtractingReportingOverflow(right)
        case .multiply: result = left.multipliedReportingOverflow(by: right)
        case .divide: return try apply(Double(left), Double(right), column: column)
        case .floorDivide, .modulo:
            guard right != 0 else { throw .expression("division by zero", column: column) }
            // Int.min // -1 overflows, and so does the remainder instruction under it.
            if right == -1, self == .modulo { return .integer(0) }
            result = left.dividedReportingOverflow(by: right)
            if !result.overflow {
                let remainder = left % right
                let isBelow = remainder != 0 && (remainder < 0) != (right < 0)
                if self == .modulo { return .integer(isBelow ? remainder + right : remainder) }
                return .integer(isBelow ? result.partialValue - 1 : result.partialValue)
            }
        case .power:
            if right < 0 { return try apply(Double(left), Double(right), column: column) }
            result = Self.power(left, right)
        }
        guard !result.overflow else {
            throw .expression("\(left) \(name) \(right) does not fit 64 bits", column: column)
        }
        return .integer(result.partialValue)
    }

    /// By repeated squaring; a base of magnitude 2 or more overflows within 63 factors, so the loop is short.
    private static func power(_ base: Int, _ exponent: Int) -> (partialValue: Int, overflow: Bool) {
        var result = 1
        var base = base
        var exponent = exponent
        while exponent > 0 {
            if exponent & 1 == 1 {
                let product = result.multipliedReportingOverflow(by: base)
                if product.overflow { return product }
                result = product.partialValue
            }
            exponent >>= 1
            guard exponent > 0 else { break }
            let square = base.multipliedReportingOverflow(by: base)
            if square.overflow { return square }
            base = square.partialValue
        }
        return (result, false)
    }

    private func apply(
        _ left: Double, _ right: Double, column: Int
    ) throws(KernelSpaceError) -> Value {
        let result: Double
        switch self {
        case .add: result = left + right
        case .subtract: result = left - right
        case .multiply: result = left * right
        case .divide, .floorDivide, .modulo:
            guard right != 0 else { throw .expression("division by zero", column: column) }
            result = self == .divide ? left / right : floorDivision(left, right)
        case .power:
            guard left != 0 || right >= 0 else {
                throw .expression("division by zero", column: column)
            }
            result = pow(left, right)
            if result.isNaN {
                throw .expression("\(left) ** \(right) is not a real number", column: column)
            }
        }
        guard result.isFinite else {
            throw .expression("\(left) \(name) \(right) is out of range", column: column)
        }
        return .real(result)
    }

    /// CPython's float_divmod (Objects/floatobject.c): the remainder is exact and has the divisor's sign.
    private func floorDivision(_ left: Double, _ right: Double) -> Double {
        var remainder = left.truncatingRemainder(dividingBy: right)
        var quotient = (left - remainder) / right
        if remainder == 0 {
            remainder = Double(signOf: right, magnitudeOf: 0)
        } else if (remainder < 0) != (right < 0) {
            remainder += right
            quotient -= 1
        }
        if self == .modulo { return remainder }
        if quotient == 0 { return Double(signOf: left / right, magnitudeOf: 0) }
        let floor = quotient.rounded(.down)
        return quotient - floor > 0.5 ? floor + 1 : floor
    }
}
