/// One value per parameter.
public struct Configuration: Hashable, Sendable {
    public var values: [String: Value]

    public init(_ values: [String: Value]) { self.values = values }

    public subscript(name: String) -> Value? { values[name] }
}

extension Configuration: CustomStringConvertible {
    /// `name=value` pairs in alphabetical order, joined by commas: the canonical text that is hashed.
    public var description: String {
        values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }
}

extension Configuration: Codable {
    public init(from decoder: any Decoder) throws {
        values = try [String: Value](from: decoder)
    }
    public func encode(to encoder: any Encoder) throws { try values.encode(to: encoder) }
}
