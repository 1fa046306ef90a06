/// Reads an expression by precedence climbing, with Python's precedences.
struct ExpressionParser {
    private var lexer: ExpressionLexer
    private var token = ExpressionLexer.Token.end
    private var column = 1
    /// Open calls of `expression`; the tree's own depth is checked apart, as `1 + 1 + …` nests without recursion.
    private var nesting = 0
    /// Names in order of first appearance.
    private(set) var slots: [ExpressionName] = []
    private var slotOf: [String: Int] = [:]

    /// A tree with what its parent must know.
    private struct Tree {
        var node: ExpressionNode
        var depth: Int
    }

    // Python's precedences, loosest first.
    private static let lowest = 1
    private static let conjunction = 2
    private static let comparison = 4
    private static let negation = 3
    private static let sum = 5
    private static let product = 6
    private static let sign = 7
    private static let power = 8

    init(_ source: String) throws(KernelSpaceError) {
        lexer = try ExpressionLexer(source)
        try advance()
    }

    mutating func parse() throws(KernelSpaceError) -> ExpressionNode {
        let tree = try expression(Self.lowest)
        guard token == .end else {
            throw error("expected an operator or the end, found \(token.shown)")
        }
        return tree.node
    }

    private mutating func advance() throws(KernelSpaceError) {
        (token, column) = try lexer.read()
    }

    private func error(_ message: String) -> KernelSpaceError {
        .expression(message, column: column)
    }

    private func tree(
        _ node: ExpressionNode, over parts: [Tree], column: Int
    ) throws(KernelSpaceError) -> Tree {
        let depth = 1 + (parts.map(\.depth).max() ?? 0)
        guard depth <= Expression.maximumDepth else {
            throw .expression(
                "the expression nests deeper than \(Expression.maximumDepth) levels", column: column
            )
        }
        return Tree(node: node, depth: depth)
    }

    /// An expression of operators that bind at least as tightly as `level`.
    private mutating func expression(_ level: Int) throws(KernelSpaceError) -> Tree {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= Expression.maximumDepth else {
            throw error("the expression nests deeper than \(Expression.maximumDepth) levels")
        }
        var left = try prefix(level)
        while case .symbol(let symbol) = token {
            let column = column
            if symbol == "or", level <= Self.lowest {
                try advance()
                let right = try expression(Self.conjunction)
                left = try tree(.or(left.node, right.node), over: [left, right], column: column)
            } else if symbol == "and", level <= Self.conjunction {
                try advance()
                let right = try expression(Self.negation)
                left = try tree(.and(left.node, right.node), over: [left, right], column: column)
            } else if level <= Self.comparison, Self.startsComparison(symbol) {
                left = try chain(from: left)
            } else if let (operation, precedence) = Self.arithmetic(symbol), level <= precedence {
                try advance()
                // ** binds to the right, and its right side may carry a sign: 2 ** -1.
                let right = try expression(operation == .power ? Self.sign : precedence + 1)
                left = try tree(
                    .arithmetic(operation, left.node, right.node, column: column),
                    over: [left, right], column: column)
            } else {
                break
            }
        }
        return left
    }

    private static func arithmetic(_ symbol: String) -> (ExpressionArithmetic, Int)? {
        switch symbol {
        case "+": (.add, sum)
        case "-": (.subtract, sum)
        case "*": (.multiply, product)
        case "/": (.divide, product)
        case "//": (.floorDivide, product)
        case "%": (.modulo, product)
        case "**": (.power, power)
        default: nil
        }
    }

    private static func startsComparison(_ symbol: String) -> Bool {
        symbol == "in" || symbol == "not" || ExpressionComparison(rawValue: symbol) != nil
    }

    private mutating func prefix(_ level: Int) throws(KernelSpaceError) -> Tree {
        let column = column
        switch token {
        case .symbol("not") where level <= Self.negation:
            try advance()
            let operand = try expression(Self.negation)
            return try tree(.not(operand.node), over: [operand], column: column)
        case .symbol("-"):
            try advance()
            let operand = try expression(Self.sign)
            return try tree(.negate(operand.node, column: column), over: [operand], column: column)
        default:
            return try primary()
        }
    }

    private mutating func primary() throws(KernelSpaceError) -> Tree {
        switch token {
        case .value(let value):
            try advance()
            return Tree(node: .constant(value), depth: 1)
        case .name(let name):
            let slot = slotOf[name] ?? slots.count
            if slot == slots.count {
                slots.append(ExpressionName(name: name, column: column))
                slotOf[name] = slot
            }
            try advance()
            return Tree(node: .slot(slot), depth: 1)
        case .symbol("("):
            try advance()
            let inner = try expression(Self.lowest)
            try expect(")")
            return inner
        case .symbol("min"), .symbol("max"), .symbol("abs"):
            return try call()
        default:
            throw error("expected a value, found \(token.shown)")
        }
    }

    private mutating func expect(_ symbol: String) throws(KernelSpaceError) {
        guard token == .symbol(symbol) else {
            throw error("expected \"\(symbol)\", found \(token.shown)")
        }
        try advance()
    }

    /// Expressions between commas up to `close`.
    private mutating func list(until close: String) throws(KernelSpaceError) -> [Tree] {
        var items: [Tree] = []
        while token != .symbol(close) {
            items.append(try expression(Self.lowest))
            if token != .symbol(close) { try expect(",") }
        }
        try advance()
        return items
    }

    private mutating func call() throws(KernelSpaceError) -> Tree {
        guard case .symbol(let function) = token else { throw error("expected a function") }
        let column = column
        try advance()
        try expect("(")
        let items = try list(until: ")")
        let nodes = items.map(\.node)
        if function == "abs" {
            guard nodes.count == 1 else {
                throw .expression("abs takes 1 argument, not \(nodes.count)", column: column)
            }
            return try tree(.absolute(nodes[0], column: column), over: items, column: column)
        }
        guard nodes.count >= 2 else {
            throw .expression(
                "\(function) takes at least 2 arguments, not \(nodes.count)", column: column)
        }
        return try tree(
            .extremum(wantsLeast: function == "min", nodes, column: column), over: items,
            column: column)
    }

    /// `left < a <= b in [c, d]`: every operand is evaluated once, none after the first comparison that fails.
    private mutating func chain(from left: Tree) throws(KernelSpaceError) -> Tree {
        let start = column
        var links: [ExpressionLink] = []
        var parts = [left]
        while case .symbol(let symbol) = token, Self.startsComparison(symbol) {
            let column = column
            if case .isIn? = links.last {
                throw error("a list cannot be compared further; put \"… in [..]\" in parentheses")
            }
            if let comparison = ExpressionComparison(rawValue: symbol) {
                try advance()
                let right = try expression(Self.sum)
                links.append(.compare(comparison, right.node, column: column))
                parts.append(right)
                continue
            }
            try advance()
            if symbol == "not" { try expect("in") }
            try expect("[")
            let items = try list(until: "]")
            links.append(.isIn(items.map(\.node), negated: symbol == "not"))
            parts += items
        }
        return try tree(.chain(left.node, links), over: parts, column: start)
    }
}
