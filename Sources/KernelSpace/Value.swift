/// One value of a parameter or of an expression. In JSON and YAML: a plain number, string or boolean.
public enum Value: Hashable, Sendable {
    case integer(Int)
    case real(Double)
    case text(String)
    case boolean(Bool)

    /// The integer, or nil for anything else.
    public var integer: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The integer or real, or nil for text and truths.
    public var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .real(let value): value
        case .text, .boolean: nil
        }
    }
}

extension Value: CustomStringConvertible {
    /// The plain number, text or truth, without quotes.
    public var description: String {
        switch self {
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        case .text(let value): value
        case .boolean(let value): "\(value)"
        }
    }
}

extension Value: Codable {
    /// Decodes a plain number, string or boolean.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // Booleans first: a JSON decoder must not read `true` as 1.
        if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .real(value)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    /// Encodes a plain number, string or boolean.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .integer(let value): try container.encode(value)
        case .real(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .boolean(let value): try container.encode(value)
        }
    }
}
