extension Expression {
    /// The same expression with values in place of names, for a reader who knows the other names only.
    public func replacing(_ constants: [String: Value]) throws(KernelSpaceError) -> Expression {
        let scalars = Array(source.unicodeScalars)
        var result = String.UnicodeScalarView()
        var copied = 0
        var lexer = try ExpressionLexer(source)
        while true {
            let (token, column) = try lexer.read()
            if token == .end { break }
            guard case .name(let name) = token, let value = constants[name] else { continue }
            result.append(contentsOf: scalars[copied..<column - 1])
            result.append(contentsOf: value.literal.unicodeScalars)
            copied = column - 1 + name.unicodeScalars.count
        }
        result.append(contentsOf: scalars[copied...])
        return try Expression(String(result))
    }
}

extension Value {
    /// As an expression writes it: `16`, `(-1)`, `'row'`, `True`.
    public var literal: String {
        switch self {
        case .integer(let value): value < 0 ? "(\(value))" : "\(value)"
        case .real(let value): value < 0 ? "(\(value))" : "\(value)"
        case .text(let value): value.contains("'") ? "\"\(value)\"" : "'\(value)'"
        case .boolean(let value): value ? "True" : "False"
        }
    }
}
