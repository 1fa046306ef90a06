import Crypto

/// SHA-256 over a list of named parts: the identity of something that must not change unnoticed.
public struct Fingerprint: Hashable, Sendable {
    /// 64 hexadecimal digits.
    public let hex: String

    /// Each part is hashed with its length, so that no two lists of parts collide by concatenation.
    public init(_ parts: [(name: String, value: String)]) {
        var hash = SHA256()
        for part in parts {
            for text in [part.name, part.value] {
                hash.update(data: Array("\(text.utf8.count):".utf8))
                hash.update(data: Array(text.utf8))
            }
        }
        hex = hash.finalize().map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// Nil unless `hex` is 64 lower-case hexadecimal digits.
    public init?(hex: String) {
        let allowed = Set("0123456789abcdef".utf8)
        guard hex.utf8.count == 64, hex.utf8.allSatisfy({ allowed.contains($0) }) else {
            return nil
        }
        self.hex = hex
    }

    /// The first 12 digits, for people.
    public var short: String { String(hex.prefix(12)) }
}

extension Fingerprint: Codable {
    /// Decodes 64 hexadecimal digits; anything else is corrupted data.
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let value = Fingerprint(hex: text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not a fingerprint"))
        }
        self = value
    }
    /// Encodes the digits as a string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}
