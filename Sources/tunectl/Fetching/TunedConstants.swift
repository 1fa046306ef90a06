import KernelSpace
import Tuner

/// Names of tuned configurations, checked before they reach generated source.
struct TunedConstants {
    /// A kernel and its problems.
    struct KernelGroup {
        var name: String
        var problems: [ProblemGroup]
    }
    struct ProblemGroup {
        /// Name and size of every dimension that was given.
        var dimensions: [(name: String, value: Int)]
        /// By name.
        var values: [(name: String, value: Value)]
        var record: TuningRecord
    }
    let kernels: [KernelGroup]

    /// Throws `.badRequest` for a name that is no plain identifier, or when two problems would get one name.
    init(_ records: [TuningRecord]) throws {
        var kernels: [KernelGroup] = []
        for record in records.sorted(by: { $0.key < $1.key }) {
            let dimensions = record.problem.dimensions.filter { !$0.isDefault }
                .map { (name: $0.name, value: $0.value) }
            let values = record.configuration.values.sorted { $0.key < $1.key }
                .map { (name: $0.key, value: $0.value) }
            let names = [record.key.kernel] + dimensions.map(\.name) + values.map(\.name)
            for name in names where !Self.isPlain(name) {
                throw TunerError(
                    .badRequest,
                    "cannot write constants of \(record.key.kernel): \"\(name)\" is no plain name, "
                        + "a lower-case letter followed by such letters, digits and _",
                    hint: "use --format json, which takes any name")
            }
            let problem = ProblemGroup(dimensions: dimensions, values: values, record: record)
            if kernels.last?.name == record.key.kernel {
                kernels[kernels.count - 1].problems.append(problem)
            } else {
                kernels.append(KernelGroup(name: record.key.kernel, problems: [problem]))
            }
        }
        self.kernels = kernels
    }

    private static func isPlain(_ name: String) -> Bool {
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let first = name.utf8.first, letters.contains(first) else { return false }
        return name.utf8.allSatisfy {
            letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "_")
        }
    }

    /// Throws `.conflict` if a name comes twice: `a` at `m1=2` and `a_m1` at… read the same.
    static func checkUnique(_ names: [String]) throws {
        var seen: Set<String> = []
        for name in names where !seen.insert(name).inserted {
            throw TunerError(
                .conflict, "cannot write constants: two of them would be called \(name)",
                hint: "fetch the kernels apart, or use --format json")
        }
    }

    /// A literal of C and Swift alike.
    static func literal(_ value: Value) -> String {
        switch value {
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        case .boolean(let value): "\(value)"
        case .text(let value): "\"" + value.unicodeScalars.map(escaped).joined() + "\""
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"", "\\": "\\\(scalar)"
        case " "..."~": String(scalar)
        // Neither language reads other characters the same way, so they are dropped visibly.
        default: "?"
        }
    }

    /// For comments: no line breaks, nothing that ends a comment.
    static func comment(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { (" "..."~").contains($0) }))
            .split(separator: "*/").joined()
    }
}

/// `Tuned.Sgemm.M512N512K512.mr` and so on.
struct SwiftConstants {
    let text: String

    /// Words that need backticks as a member's name.
    private static let keywords: Set<String> = [
        "as", "associatedtype", "break", "case", "catch", "class", "continue", "default", "defer",
        "deinit", "do", "else", "enum", "extension", "fallthrough", "false", "fileprivate", "for",
        "func", "guard", "if", "import", "in", "init", "inout", "internal", "is", "let", "nil",
        "operator", "private", "protocol", "public", "repeat", "rethrows", "return", "self",
        "static", "struct", "subscript", "super", "switch", "throw", "throws", "true", "try",
        "typealias", "var", "where", "while",
    ]

    init(_ records: [TuningRecord], target: String) throws {
        let constants = try TunedConstants(records)
        var names: [String] = []
        var lines = [
            "// Written by `tunectl fetch --format swift`; fetch again instead of editing.", "",
            "/// Tuned configurations for \(TunedConstants.comment(target)).",
            "public enum Tuned {",
        ]
        for kernel in constants.kernels {
            lines.append("    public enum \(Self.capitalized(kernel.name)) {")
            for problem in kernel.problems {
                let name = problem.dimensions
                    .map { "\(Self.capitalized($0.name))\($0.value)" }.joined()
                names.append("\(Self.capitalized(kernel.name)).\(name)")
                lines.append("        /// \(Self.summary(problem))")
                lines.append("        public enum \(name.isEmpty ? "Only" : name) {")
                for (name, value) in problem.values {
                    let member = Self.keywords.contains(name) ? "`\(name)`" : name
                    let literal = TunedConstants.literal(value)
                    lines.append("            public static let \(member) = \(literal)")
                }
                lines.append("        }")
            }
            lines.append("    }")
        }
        try TunedConstants.checkUnique(names)
        text = (lines + ["}", ""]).joined(separator: "\n")
    }

    private static func capitalized(_ name: String) -> String {
        name.prefix(1).uppercased() + name.dropFirst()
    }

    private static func summary(_ problem: TunedConstants.ProblemGroup) -> String {
        let record = problem.record
        return "\(record.problem): \(Work(record).speed(record.seconds)) on "
            + TunedConstants.comment(record.device.brand)
    }
}

/// `TUNED_SGEMM_M512_N512_K512_MR` and so on.
struct HeaderConstants {
    let text: String

    init(_ records: [TuningRecord], target: String) throws {
        let constants = try TunedConstants(records)
        var names: [String] = []
        var lines = [
            "// Written by `tunectl fetch --format header`; fetch again instead of editing.",
            "// Tuned configurations for \(TunedConstants.comment(target)).",
            "#ifndef TUNED_H", "#define TUNED_H",
        ]
        for kernel in constants.kernels {
            for problem in kernel.problems {
                let record = problem.record
                let sizes = problem.dimensions.map { "_\($0.name.uppercased())\($0.value)" }
                let prefix = "TUNED_\(kernel.name.uppercased())\(sizes.joined())"
                let speed = Work(record).speed(record.seconds)
                let device = TunedConstants.comment(record.device.brand)
                lines += ["", "// \(kernel.name) \(record.problem): \(speed) on \(device)"]
                for (name, value) in problem.values {
                    let constant = "\(prefix)_\(name.uppercased())"
                    names.append(constant)
                    lines.append("#define \(constant) \(Self.literal(value))")
                }
            }
        }
        try TunedConstants.checkUnique(names)
        text = (lines + ["", "#endif", ""]).joined(separator: "\n")
    }

    /// C has no `true` without a header.
    private static func literal(_ value: Value) -> String {
        if case .boolean(let value) = value { return value ? "1" : "0" }
        return TunedConstants.literal(value)
    }
}
