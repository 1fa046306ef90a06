#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// JSON as both sides write it: keys in alphabetical order, one line.
public enum WireFormat {
    /// Media type of a body.
    public static let mediaType = "application/json"
    /// Media type of an event stream: one JSON object a line; empty lines keep the connection alive.
    public static let streamMediaType = "application/x-ndjson"

    /// One line without its end.
    public static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    /// Throws `DecodingError`.
    public static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value
    {
        try JSONDecoder().decode(type, from: data)
    }
}
