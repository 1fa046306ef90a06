import Testing

@testable import KernelSpace

struct ExpressionTests {
    @Test func `Results are Python's`() throws {
        for row in PythonTable.rows {
            let value = try Expression(row.source).evaluate(PythonTable.bindings)
            if case .real(let expected) = row.value, case .real(let real) = value {
                // pow may differ from Python's C library in the last place.
                #expect(abs(real - expected) <= expected.ulp.magnitude, "\(row.source)")
            } else {
                #expect(value == row.value, "\(row.source)")
            }
        }
    }

    @Test func `Names are those that are read, in order of appearance`() throws {
        let expression = try Expression("mr * nv + nv in [mr, k] and not 'text' == True")
        #expect(expression.names == ["mr", "nv", "k"])
        #expect(expression.slots.map(\.name) == ["mr", "nv", "k"])
        #expect(expression.slots.map(\.column) == [1, 6, 22])
    }

    @Test func `A source that is no expression gets the column of the offence`() {
        let rows: [(source: String, column: Int, message: String)] = [
            ("", 1, "expected a value, found the end"),
            ("a +", 4, "expected a value, found the end"),
            ("a b", 3, "expected an operator or the end, found b"),
            ("1..8", 3, "expected an operator or the end, found 0.8"),
            ("(a", 3, "expected \")\", found the end"),
            ("a)", 2, "expected an operator or the end, found \")\""),
            ("a = 1", 3, "\"=\" is not part of an expression; equality is \"==\""),
            ("a & b", 3, "\"&\" is not part of an expression"),
            ("012", 1, "the integer 012 starts with 0"),
            ("1 + 9223372036854775808", 5, "the integer 9223372036854775808 does not fit 64 bits"),
            ("1e999", 1, "the number 1e999 is out of range"),
            ("1e", 1, "\"1e\" is not a number"),
            ("2x", 2, "a number cannot end in \"x\""),
            ("a == 'hot", 6, "the quoted text does not end"),
            ("a == 'h\\n'", 8, "quoted text has no escapes"),
            ("a in b", 6, "expected \"[\", found b"),
            ("a not b", 7, "expected \"in\", found b"),
            (
                "a in [1] in [2]", 10,
                "a list cannot be compared further; put \"… in [..]\" in parentheses"
            ),
            ("min(a)", 1, "min takes at least 2 arguments, not 1"),
            ("abs(a, b)", 1, "abs takes 1 argument, not 2"),
            ("max", 4, "expected \"(\", found the end"),
            ("a * not b", 5, "expected a value, found \"not\""),
            ("min(a,,b)", 7, "expected a value, found \",\""),
        ]
        for row in rows {
            let error = #expect(throws: KernelSpaceError.self, "\(row.source)") {
                try Expression(row.source)
            }
            #expect(error?.code == .expression)
            #expect(error?.description == "1:\(row.column): \(row.message)", "\(row.source)")
        }
    }

    @Test func `A value that cannot be computed gets the column of the operator`() throws {
        let rows: [(source: String, column: Int, message: String)] = [
            ("a / c", 3, "division by zero"),
            ("a // c", 3, "division by zero"),
            ("a % c", 3, "division by zero"),
            ("x % 0.0", 3, "division by zero"),
            ("0 ** -1", 3, "division by zero"),
            ("9223372036854775807 + 1", 21, "9223372036854775807 + 1 does not fit 64 bits"),
            ("-9223372036854775807 - 2", 22, "-9223372036854775807 - 2 does not fit 64 bits"),
            ("10 ** 19", 4, "10 ** 19 does not fit 64 bits"),
            ("m ** 9223372036854775807", 3, "512 ** 9223372036854775807 does not fit 64 bits"),
            (
                "(-9223372036854775807 - 1) // -1", 28,
                "-9223372036854775808 // -1 does not fit 64 bits"
            ),
            (
                "-(-9223372036854775807 - 1)", 1,
                "-(-9223372036854775808) does not fit 64 bits"
            ),
            (
                "abs(-9223372036854775807 - 1)", 1,
                "-(-9223372036854775808) does not fit 64 bits"
            ),
            ("1e308 * 10", 7, "1e+308 * 10.0 is out of range"),
            ("(-x) ** 0.5", 6, "-2.5 ** 0.5 is not a real number"),
            ("s + 1", 3, "+ needs numbers, not 'hot'"),
            ("-s", 1, "- needs numbers, not 'hot'"),
            ("s < 1", 3, "cannot order 'hot' and '1'"),
            ("min(s, 1)", 1, "cannot order '1' and 'hot'"),
            ("a + unknown", 5, "\"unknown\" has no value here"),
            ("False and unknown", 11, "\"unknown\" has no value here"),
        ]
        for row in rows {
            let expression = try Expression(row.source)
            let error = #expect(throws: KernelSpaceError.self, "\(row.source)") {
                try expression.evaluate(PythonTable.bindings)
            }
            #expect(error?.description == "1:\(row.column): \(row.message)", "\(row.source)")
        }
    }

    @Test func `Length and depth are bounded, whatever makes the depth`() throws {
        let depth = Expression.maximumDepth
        for source in [
            String(repeating: "(", count: 4000), String(repeating: "-", count: 4000),
            String(repeating: "not ", count: 1000), String(repeating: "abs(", count: 1000),
            String(repeating: "1+", count: 2000) + "1", String(repeating: "1**", count: 1000) + "1",
            String(repeating: "1 in [", count: 600), String(repeating: "1 or ", count: 800) + "1",
        ] {
            let error = #expect(throws: KernelSpaceError.self) { try Expression(source) }
            #expect(error?.message == "the expression nests deeper than \(depth) levels")
        }
        let sum = Array(repeating: "1", count: depth).joined(separator: "+")
        #expect(try Expression(sum).evaluate([:]) == .integer(depth))
        let long = "1" + String(repeating: " ", count: Expression.maximumLength)
        #expect(throws: KernelSpaceError.self) { try Expression(long) }
    }

    @Test(arguments: [1 as UInt64, 2, 3, 4])
    func `Random texts of the language's pieces never trap`(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let pieces = [
            "a", "b", "c", "x", "s", "0", "1", "9223372036854775807", "1e300", ".5", "'t'", "+",
            "-",
            "*", "/", "//", "%", "**", "(", ")", "[", "]", ",", "<", "<=", "==", "!=", " in ",
            " not ", " and ", " or ", "min(", "max(", "abs(", "True", " ", "\u{1F600}", "\0", "\"",
        ]
        var parsed = 0
        for _ in 0..<20_000 {
            let count = 1 + random.below(9)
            let source = (0..<count).map { _ in pieces[random.below(pieces.count)] }.joined()
            guard let expression = try? Expression(source) else { continue }
            parsed += 1
            guard let value = try? expression.evaluate(PythonTable.bindings) else { continue }
            if case .real(let real) = value { #expect(real.isFinite, "\(source)") }
        }
        #expect(parsed > 100)
    }
}
