/// A stretch of time as typed: `90`, `60s`, `2m`, `1h30m`, `1.5m`.
struct DurationArgument: Equatable {
    let seconds: Double

    private static let units: [(letter: Character, seconds: Double)] = [
        ("h", 3600), ("m", 60), ("s", 1),
    ]
    /// A year; more is a slip of the finger.
    private static let limit = 366.0 * 86400

    /// A number without a unit means seconds. Throws `ArgumentMistake`.
    init(_ text: String) throws {
        let seconds = try Self.seconds(in: text)
        guard seconds > 0 else { throw ArgumentMistake("it must be more than nothing") }
        guard seconds <= Self.limit else { throw ArgumentMistake("it must be at most a year") }
        self.seconds = seconds
    }

    private static func seconds(in text: String) throws -> Double {
        if let seconds = number(text[...]) { return seconds }
        var total = 0.0
        var rest = text[...]
        // Units come largest first, each at most once.
        for unit in units {
            guard let end = rest.firstIndex(of: unit.letter) else { continue }
            guard let count = number(rest[..<end]) else { break }
            total += count * unit.seconds
            rest = rest[rest.index(after: end)...]
        }
        guard rest.isEmpty, !text.isEmpty else {
            throw ArgumentMistake("write it as 60s, 2m or 1h30m")
        }
        return total
    }

    /// Digits with at most one point: no sign, exponent or name, which `Double` would read.
    private static func number(_ text: Substring) -> Double? {
        let isPlain = text.utf8.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
        return isPlain ? Double(text) : nil
    }
}
