/// Splits an expression into tokens, one at a time.
struct ExpressionLexer {
    enum Token: Hashable {
        case value(Value)
        case name(String)
        /// An operator, a bracket, a comma or a word of the language.
        case symbol(String)
        case end

        /// As an error message shows it.
        var shown: String {
            switch self {
            case .value(.text(let text)): "'\(text)'"
            case .value(let value): "\(value)"
            case .name(let name): name
            case .symbol(let symbol): "\"\(symbol)\""
            case .end: "the end"
            }
        }
    }

    /// Words that are no names.
    static let words: Set<String> = [
        "and", "or", "not", "in", "min", "max", "abs", "True", "False",
    ]

    private let scalars: [Unicode.Scalar]
    private var next = 0

    init(_ source: String) throws(KernelSpaceError) {
        scalars = Array(source.unicodeScalars.prefix(Expression.maximumLength + 1))
        guard scalars.count <= Expression.maximumLength else {
            throw .expression(
                "the expression is longer than \(Expression.maximumLength) characters",
                column: Expression.maximumLength + 1)
        }
    }

    /// The next token and its column.
    mutating func read() throws(KernelSpaceError) -> (token: Token, column: Int) {
        while next < scalars.count, " \t\r\n".unicodeScalars.contains(scalars[next]) { next += 1 }
        guard next < scalars.count else { return (.end, scalars.count + 1) }
        let column = next + 1
        let first = scalars[next]
        if Self.isDigit(first) || first == "." { return (try number(), column) }
        if Self.isLetter(first) { return (word(), column) }
        if first == "'" || first == "\"" { return (try text(quote: first), column) }
        return (try symbol(), column)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar >= "0" && scalar <= "9" }
    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || (scalar >= "a" && scalar <= "z") || (scalar >= "A" && scalar <= "Z")
    }

    private func string(from start: Int) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[start..<next])
        return String(text)
    }

    private mutating func digits() {
        while next < scalars.count, Self.isDigit(scalars[next]) { next += 1 }
    }

    private mutating func number() throws(KernelSpaceError) -> Token {
        let start = next
        var isReal = false
        digits()
        if next < scalars.count, scalars[next] == "." {
            isReal = true
            next += 1
            digits()
        }
        if next < scalars.count, scalars[next] == "e" || scalars[next] == "E" {
            isReal = true
            next += 1
            if next < scalars.count, scalars[next] == "+" || scalars[next] == "-" { next += 1 }
            digits()
        }
        let text = string(from: start)
        if next < scalars.count, Self.isLetter(scalars[next]) {
            throw .expression("a number cannot end in \"\(scalars[next])\"", column: next + 1)
        }
        return .value(try isReal ? real(text, start: start) : integer(text, start: start))
    }

    private func integer(_ text: String, start: Int) throws(KernelSpaceError) -> Value {
        // Python refuses them too: 010 was octal once.
        if text.count > 1, text.first == "0", text.contains(where: { $0 != "0" }) {
            throw .expression("the integer \(text) starts with 0", column: start + 1)
        }
        guard let value = Int(text) else {
            throw .expression("the integer \(text) does not fit 64 bits", column: start + 1)
        }
        return .integer(value)
    }

    private func real(_ text: String, start: Int) throws(KernelSpaceError) -> Value {
        var plain = text
        if plain.hasPrefix(".") { plain = "0" + plain }
        guard text.unicodeScalars.contains(where: Self.isDigit), let value = Double(plain) else {
            throw .expression("\"\(text)\" is not a number", column: start + 1)
        }
        guard value.isFinite else {
            throw .expression("the number \(text) is out of range", column: start + 1)
        }
        return .real(value)
    }

    private mutating func word() -> Token {
        let start = next
        while next < scalars.count, Self.isLetter(scalars[next]) || Self.isDigit(scalars[next]) {
            next += 1
        }
        let text = string(from: start)
        switch text {
        case "True": return .value(.boolean(true))
        case "False": return .value(.boolean(false))
        default: return Self.words.contains(text) ? .symbol(text) : .name(text)
        }
    }

    private mutating func text(quote: Unicode.Scalar) throws(KernelSpaceError) -> Token {
        let column = next + 1
        next += 1
        let start = next
        while next < scalars.count, scalars[next] != quote {
            if scalars[next] == "\\" {
                throw .expression("quoted text has no escapes", column: next + 1)
            }
            next += 1
        }
        guard next < scalars.count else {
            throw .expression("the quoted text does not end", column: column)
        }
        let text = string(from: start)
        next += 1
        return .value(.text(text))
    }

    private mutating func symbol() throws(KernelSpaceError) -> Token {
        let first = scalars[next]
        if next + 1 < scalars.count {
            let pair = "\(first)\(scalars[next + 1])"
            if ["**", "//", "<=", ">=", "==", "!="].contains(pair) {
                next += 2
                return .symbol(pair)
            }
        }
        guard "+-*/%<>()[],".unicodeScalars.contains(first) else {
            let hint = first == "=" ? "; equality is \"==\"" : ""
            throw .expression("\"\(first)\" is not part of an expression\(hint)", column: next + 1)
        }
        next += 1
        return .symbol(String(first))
    }
}
