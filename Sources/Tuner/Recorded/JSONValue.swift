/// JSON that keeps the order of an object's members: in recordings it is the order of parameters.
enum JSONValue: Hashable, Sendable {
    struct Member: Hashable, Sendable {
        var name: String
        var value: JSONValue
    }
    case null
    case boolean(Bool)
    case integer(Int)
    /// Above what an `Int` holds: addresses.
    case unsigned(UInt64)
    case real(Double)
    case text(String)
    case array([JSONValue])
    case object([Member])

    /// What a message calls it.
    var kind: String {
        switch self {
        case .null: "null"
        case .boolean: "a boolean"
        case .integer, .unsigned, .real: "a number"
        case .text: "text"
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// An object with its members in that order.
    init(_ members: [(name: String, value: JSONValue)]) {
        self = .object(members.map { Member(name: $0.name, value: $0.value) })
    }

    /// The member of that name, nil if there is none or this is no object.
    subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }
}

extension JSONValue {
    func array() throws -> [JSONValue] {
        if case .array(let elements) = self { return elements }
        throw Malformed("must be a list, not \(kind)")
    }

    func object() throws -> [Member] {
        if case .object(let members) = self { return members }
        throw Malformed("must be an object, not \(kind)")
    }

    func text() throws -> String {
        if case .text(let text) = self { return text }
        throw Malformed("must be text, not \(kind)")
    }

    /// The member of that name, which must be there, read by `body`.
    func member<Result>(
        _ name: String, _ body: (JSONValue) throws -> Result
    ) throws -> Result {
        _ = try object()
        guard let value = self[name] else { throw Malformed("\"\(name)\" is missing") }
        return try Malformed.at(name) { try body(value) }
    }

    /// The member of that name read by `body`, nil if it is missing or null.
    func optional<Result>(
        _ name: String, _ body: (JSONValue) throws -> Result
    ) throws -> Result? {
        guard let value = self[name], value != .null else { return nil }
        return try Malformed.at(name) { try body(value) }
    }

    /// Every element read by `body`.
    func elements<Result>(
        _ body: (JSONValue) throws -> Result
    ) throws -> [Result] {
        var results: [Result] = []
        for (position, element) in try array().enumerated() {
            results.append(
                try Malformed.at("[\(position)]") { try body(element) })
        }
        return results
    }
}
