/// One value per parameter.
public struct Configuration: Hashable, Sendable {
    /// By parameter name.
    public var values: [String: Value]

    /// Takes one value per parameter, by name.
    public init(_ values: [String: Value]) { self.values = values }

    /// The value of the parameter of that name, nil if there is none.
    public subscript(name: String) -> Value? { values[name] }
}

extension Configuration: CustomStringConvertible {
    /// `name=value` pairs in alphabetical order, joined by commas: the canonical text that is hashed.
    public var description: String {
        values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }
}

extension Configuration: Codable {
    /// Decodes an object of names and plain values.
    public init(from decoder: any Decoder) throws {
        values = try [String: Value](from: decoder)
    }
    /// Encodes an object of names and plain values.
    public func encode(to encoder: any Encoder) throws { try values.encode(to: encoder) }
}
