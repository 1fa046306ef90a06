@testable import KernelSpace

/// Expressions of all kinds over p0, p1 and p2, among them many that have no value somewhere.
enum RandomExpression {
    static let domains: [[Value]] = [
        [.integer(1), .integer(2), .integer(3), .integer(4)],
        [.integer(0), .integer(1), .integer(5)],
        [.integer(7), .integer(2), .integer(-1)],
        [.integer(-3), .integer(-2), .integer(-1)],
        [.integer(2), .integer(3), .integer(1 << 40)],
        [.integer(.min), .integer(-1), .integer(.max)],
        [.real(0.5), .real(1), .real(2.5)],
        [.real(-1.5), .real(0), .real(1e300)],
        [.boolean(false), .boolean(true)],
        [.text("rows"), .text("columns"), .text("")],
        [.integer(1), .real(1.5), .boolean(false), .text("rows")],
        [.integer(6)],
    ]

    private static let arithmetic = ["+", "-", "*", "*", "/", "//", "%", "**"]
    private static let comparisons = ["<", "<=", ">", ">=", "==", "!="]
    private static let constants = [
        "0", "1", "2", "3", "-1", "8", "0.5", "2.0", "True", "'rows'", "9223372036854775807",
    ]

    static func text(depth: Int, _ random: inout SplitMix) -> String {
        guard depth > 0 else {
            return random.below(3) > 0
                ? "p\(random.below(3))" : constants[random.below(constants.count)]
        }
        func part(_ random: inout SplitMix) -> String { text(depth: depth - 1, &random) }
        func pick(_ list: [String], _ random: inout SplitMix) -> String {
            list[random.below(list.count)]
        }
        let (a, b, c) = (part(&random), part(&random), part(&random))
        switch random.below(12) {
        case 0: return "(\(a) and \(b))"
        case 1: return "(\(a) or \(b))"
        case 2: return "(not \(a))"
        case 3, 4: return "(\(a) \(pick(comparisons, &random)) \(b))"
        case 5:
            let (first, second) = (pick(comparisons, &random), pick(comparisons, &random))
            return "(\(a) \(first) \(b) \(second) \(c))"
        case 6: return "(\(a) \(random.below(2) == 0 ? "in" : "not in") [\(b), \(c)])"
        case 7: return "\(random.below(2) == 0 ? "min" : "max")(\(a), \(b))"
        case 8: return "abs(\(a))"
        case 9: return "(-\(a))"
        default: return "(\(a) \(pick(arithmetic, &random)) \(b))"
        }
    }
}
