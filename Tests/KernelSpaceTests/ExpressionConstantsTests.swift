import KernelSpace
import Testing

@Suite struct ExpressionConstantsTests {
    @Test(
        "names are replaced by values, and nothing that looks like them",
        arguments: [
            ("lanes * 4 <= bytes", "lanes * 4 <= 32"), ("bytes", "32"),
            ("mode == 'bytes' and bytes>0", "mode == 'bytes' and 32>0"),
            ("byte + bytes2 + -low", "byte + bytes2 + -(-3)"),
            ("x in [bytes, low]", "x in [32, (-3)]"),
            ("kind == mode and flag", "kind == 'it' and True"), ("1 < 2", "1 < 2"),
        ])
    func replaced(source: String, expected: String) throws {
        let kept = source.hasPrefix("mode")
        let constants: [String: Value] = [
            "bytes": .integer(32), "low": .integer(-3), "flag": .boolean(true),
        ].merging(kept ? [:] : ["mode": .text("it")]) { own, _ in own }
        #expect(try Expression(source).replacing(constants).source == expected)
    }

    @Test("the value stays the same")
    func value() throws {
        let expression = try Expression("(a + low) ** 2 // b % bytes")
        let constants: [String: Value] = ["low": .integer(-3), "bytes": .integer(32)]
        let replaced = try expression.replacing(constants)
        #expect(replaced.names == ["a", "b"])
        for a in -5..<5 {
            for b in 1..<4 {
                let bindings: [String: Value] = ["a": .integer(a), "b": .integer(b)]
                let expected = try expression.evaluate(bindings.merging(constants) { $1 })
                #expect(try replaced.evaluate(bindings) == expected)
            }
        }
    }
}
