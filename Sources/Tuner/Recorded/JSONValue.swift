import KernelSpace

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

/// What is wrong with the content of a file, and where in it.
struct Malformed: Error, Hashable {
    /// `results[17].times`; empty for the file as a whole.
    var place: String
    var what: String

    init(_ what: String, place: String = "") {
        self.place = place
        self.what = what
    }

    /// Runs `body`; what is wrong there lies within `place`.
    static func at<Result>(_ place: @autoclosure () -> String, _ body: () throws -> Result) throws
        -> Result
    {
        do {
            return try body()
        } catch let error as Malformed {
            let isStep = error.place.isEmpty || error.place.hasPrefix("[")
            throw Malformed(error.what, place: place() + (isStep ? "" : ".") + error.place)
        }
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

    /// A finite number above 0.
    func time() throws -> Double {
        let number: Double
        switch self {
        case .integer(let value): number = Double(value)
        case .unsigned(let value): number = Double(value)
        case .real(let value): number = value
        default: throw Malformed("must be a time, not \(kind)")
        }
        guard number > 0, number.isFinite else {
            throw Malformed("is \(number); a time is a finite number above 0")
        }
        return number
    }

    /// A parameter's value. Python holds 16 and 16.0 for equal, so a real without a fraction is an integer here.
    func parameterValue() throws -> Value {
        switch self {
        case .boolean(let value): return .boolean(value)
        case .integer(let value): return .integer(value)
        case .text(let value): return .text(value)
        case .real(let value):
            guard value.isFinite else { throw Malformed("is \(value), which no parameter can be") }
            return Int(exactly: value).map(Value.integer) ?? .real(value)
        case .unsigned(let value): throw Malformed("\(value) does not fit 64 bits with a sign")
        case .null, .array, .object:
            throw Malformed("must be a number, text or a boolean, not \(kind)")
        }
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
