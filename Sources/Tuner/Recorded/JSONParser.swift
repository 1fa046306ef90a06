/// Reads JSON (RFC 8259), and Python's NaN and Infinity, which Kernel Tuner writes.
struct JSONParser {
    /// Deepest nesting: recordings need six levels, and the parser recurses.
    private static let depthLimit = 64
    /// What numbers have besides digits; `Double` would read `0x1p3` too.
    private static let numberMarks = Array("+-.eE".utf8)

    private let bytes: [UInt8]
    private var next = 0

    /// Throws with the line and column of the offence as its place.
    static func parse(_ bytes: [UInt8]) throws -> JSONValue {
        var parser = JSONParser(bytes: bytes)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.next == bytes.count else {
            throw parser.error("expected the end, found \(parser.found)")
        }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    // MARK: Places

    private func error(_ what: String) -> Malformed {
        let read = bytes[..<min(next, bytes.count)]
        let newline = UInt8(ascii: "\n")
        let line = read.count { $0 == newline } + 1
        let column = read.count - (read.lastIndex(of: newline) ?? -1)
        return Malformed(what, place: "line \(line) column \(column)")
    }

    private var found: String {
        guard next < bytes.count else { return "the end of the file" }
        let byte = bytes[next]
        return byte > 32 && byte < 127 ? "\"\(Unicode.Scalar(byte))\"" : "byte \(byte)"
    }

    private mutating func skipSpace() {
        while next < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[next]) { next += 1 }
    }

    /// Skips white space and takes `character` if it comes next.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard next < bytes.count, bytes[next] == UInt8(ascii: character) else { return false }
        next += 1
        return true
    }

    // MARK: Values

    private mutating func value(depth: Int) throws -> JSONValue {
        guard depth < Self.depthLimit else {
            throw error("nests deeper than \(Self.depthLimit) levels")
        }
        skipSpace()
        guard next < bytes.count else { throw error("expected a value, found \(found)") }
        switch bytes[next] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .text(try text())
        default: return try literal()
        }
    }

    private mutating func object(depth: Int) throws -> JSONValue {
        next += 1
        var members: [JSONValue.Member] = []
        var names: Set<String> = []
        if take("}") { return .object(members) }
        repeat {
            skipSpace()
            guard next < bytes.count, bytes[next] == UInt8(ascii: "\"") else {
                throw error("expected a name in quotes, found \(found)")
            }
            let name = try text()
            guard names.insert(name).inserted else {
                throw error("the name \"\(name)\" is repeated")
            }
            guard take(":") else { throw error("expected \":\", found \(found)") }
            members.append(JSONValue.Member(name: name, value: try value(depth: depth + 1)))
        } while take(",")
        guard take("}") else { throw error("expected \",\" or \"}\", found \(found)") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws -> JSONValue {
        next += 1
        var elements: [JSONValue] = []
        if take("]") { return .array(elements) }
        repeat { elements.append(try value(depth: depth + 1)) } while take(",")
        guard take("]") else { throw error("expected \",\" or \"]\", found \(found)") }
        return .array(elements)
    }

    /// A number or a word: whatever reaches up to a delimiter.
    private mutating func literal() throws -> JSONValue {
        let start = next
        while next < bytes.count, isLiteral(bytes[next]) { next += 1 }
        let text = String(decoding: bytes[start..<next], as: UTF8.self)
        switch text {
        case "null": return .null
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "NaN": return .real(.nan)
        case "Infinity": return .real(.infinity)
        case "-Infinity": return .real(-.infinity)
        default: break
        }
        if let first = text.utf8.first, first == UInt8(ascii: "-") || isDigit(first),
            text.utf8.allSatisfy({ isDigit($0) || Self.numberMarks.contains($0) })
        {
            if let integer = Int(text) { return .integer(integer) }
            if let unsigned = UInt64(text) { return .unsigned(unsigned) }
            if let real = Double(text) { return .real(real) }
        }
        next = start
        throw error("expected a value, found \(text.isEmpty ? found : "\"\(text.prefix(20))\"")")
    }

    private func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private func isLiteral(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
    }

    // MARK: Text

    private mutating func text() throws -> String {
        next += 1
        var result = ""
        while true {
            let start = next
            while next < bytes.count, bytes[next] != UInt8(ascii: "\""),
                bytes[next] != UInt8(ascii: "\\")
            { next += 1 }
            result += String(decoding: bytes[start..<next], as: UTF8.self)
            guard next < bytes.count else { throw error("the text does not end") }
            next += 1
            if bytes[next - 1] == UInt8(ascii: "\"") { return result }
            result.unicodeScalars.append(try escaped())
        }
    }

    private mutating func escaped() throws -> Unicode.Scalar {
        guard next < bytes.count else { throw error("the text does not end") }
        let byte = bytes[next]
        next += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "u"): return try unicode()
        default: throw error("\"\\\(Unicode.Scalar(byte))\" is no escape of JSON")
        }
    }

    /// One escape, or two that are halves of a pair.
    private mutating func unicode() throws -> Unicode.Scalar {
        let first = try hexadecimal()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, bytes[next...].starts(with: Array("\\u".utf8)) else {
            throw error("half of a surrogate pair")
        }
        next += 2
        let second = try hexadecimal()
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
        else { throw error("half of a surrogate pair") }
        return scalar
    }

    private mutating func hexadecimal() throws -> UInt32 {
        let digits = bytes[next..<min(next + 4, bytes.count)]
        let text = String(decoding: digits, as: UTF8.self)
        guard digits.count == 4, text.allSatisfy(\.isHexDigit), let value = UInt32(text, radix: 16)
        else { throw error("expected four hexadecimal digits") }
        next += 4
        return value
    }
}
