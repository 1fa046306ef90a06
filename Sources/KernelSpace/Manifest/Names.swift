/// At most 64 ASCII letters, digits or underscores, no digit first.
func isIdentifier(_ name: String) -> Bool {
    guard name.utf8.count <= 64, let first = name.utf8.first else { return false }
    let isWord = name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
    return isWord && !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= first) && name != "_"
}

/// Words that generated Swift cannot use as names (The Swift Programming Language, Lexical Structure: keywords reserved in
/// declarations, statements, expressions and types).
let swiftKeywords: Set<String> = [
    "Any", "Protocol", "Self", "Type", "as", "associatedtype", "await", "break", "case", "catch",
    "class", "continue", "default", "defer", "deinit", "do", "else", "enum", "extension",
    "fallthrough",
    "false", "fileprivate", "for", "func", "guard", "if", "import", "in", "init", "inout",
    "internal",
    "is", "let", "nil", "open", "operator", "precedencegroup", "private", "protocol", "public",
    "repeat", "rethrows", "return", "self", "static", "struct", "subscript", "super", "switch",
    "throw", "throws", "true", "try", "typealias", "var", "where", "while",
]

/// `unknown key "vals", did you mean "values"? allowed: …`
func unknown(_ what: String, _ name: String, allowed: [String]) -> String {
    let shown = "unknown \(what) \"\(name.prefix(60))\""
    guard !allowed.isEmpty else { return "\(shown); none is allowed here" }
    let list = "allowed: \(allowed.joined(separator: ", "))"
    // Up to a third of the letters wrong (two swapped ones count twice) is a slip; more is another word.
    let near = allowed.map { (name: $0, distance: editDistance(name, $0)) }
        .filter { $0.distance <= ($0.name.count + 2) / 3 }
        .min { $0.distance < $1.distance }
    return near.map { "\(shown), did you mean \"\($0.name)\"? \(list)" } ?? "\(shown); \(list)"
}

/// Insertions, deletions and replacements between two names (Levenshtein); names beyond 64 bytes count as wholly different.
private func editDistance(_ left: String, _ right: String) -> Int {
    let left = Array(left.utf8.prefix(65))
    let right = Array(right.utf8.prefix(65))
    guard left.count <= 64, right.count <= 64 else { return 65 }
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, b) in right.enumerated() {
            let replaced = diagonal + (a == b ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[right.count]
}
