/// A problem as typed: `m=512,n=512,k=512`.
struct ProblemArgument: Equatable {
    /// In the order typed.
    let dimensions: [(name: String, value: Int)]

    /// Throws `ArgumentMistake`, which says what is wrong and what is allowed.
    init(_ text: String) throws {
        var dimensions: [(name: String, value: Int)] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let sides = part.split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, Self.isName(sides[0]) else {
                throw ArgumentMistake("\"\(part)\" is not of the form name=size, as in m=512")
            }
            guard let value = Int(sides[1]), value >= 0 else {
                throw ArgumentMistake(
                    "\(sides[0]) must be a whole number from 0 on, not \"\(sides[1])\"")
            }
            guard !dimensions.contains(where: { $0.name == sides[0] }) else {
                throw ArgumentMistake("\(sides[0]) is given twice")
            }
            dimensions.append((String(sides[0]), value))
        }
        self.dimensions = dimensions
    }

    /// For the wire.
    var sizes: [String: Int] {
        Dictionary(uniqueKeysWithValues: dimensions.map { ($0.name, $0.value) })
    }

    /// As typed.
    var text: String { dimensions.map { "\($0.name)=\($0.value)" }.joined(separator: ",") }

    static func == (a: Self, b: Self) -> Bool { a.text == b.text }

    private static func isName(_ text: Substring) -> Bool {
        let letters = Set("abcdefghijklmnopqrstuvwxyz_".utf8)
        let digits = Set("0123456789".utf8)
        guard let first = text.utf8.first, letters.contains(first) else { return false }
        return text.utf8.allSatisfy { letters.contains($0) || digits.contains($0) }
    }
}

/// What is wrong with an argument and what is allowed.
struct ArgumentMistake: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
