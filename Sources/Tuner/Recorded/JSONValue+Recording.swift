import KernelSpace

/// What recordings write in JSON.
extension JSONValue {
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

    /// `4096x4096` of `[4096, 4096]`; a lone size may stand without the list.
    func sizes() throws -> String {
        guard case .array(let sizes) = self else { return "\(try parameterValue())" }
        return try sizes.map { "\(try $0.parameterValue())" }.joined(separator: "x")
    }
}

extension Configuration {
    /// The values of `names`, the members of `object` that are parameters.
    init(_ names: [String], of object: JSONValue) throws {
        var values: [String: Value] = [:]
        for name in names {
            values[name] = try object.member(name) { try $0.parameterValue() }
        }
        self.init(values)
    }
}
