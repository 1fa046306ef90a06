import Testing

@testable import Tuner

@Suite struct JSONTests {
    private func parse(_ text: String) throws -> JSONValue {
        try JSONParser.parse(Array(text.utf8))
    }

    @Test("what is written is read back, members in their order")
    func roundTrip() throws {
        let value = JSONValue([
            ("b", .array([.integer(-3), .real(1.5e-9), .null, .boolean(true)])),
            ("a", .text("\u{1}\t\"ü\\/😀\r\n")), ("", .object([])), ("empty", .array([])),
        ])
        #expect(try parse(value.serialized) == value)
    }

    @Test(
        "escapes are read",
        arguments: [
            (#""\u0041\n\/""#, "A\n/"), (#""\ud83d\ude00""#, "😀"), (#""\\\"""#, "\\\""),
        ])
    func escapes(json: String, text: String) throws {
        #expect(try parse(json) == .text(text))
    }

    @Test("Python's numbers that JSON has not are read")
    func python() throws {
        let values = try parse("[Infinity, -Infinity, NaN, 1E3]").array()
        #expect(values[0] == .real(.infinity) && values[1] == .real(-.infinity))
        if case .real(let value) = values[2] { #expect(value.isNaN) }
        #expect(values[3] == .real(1000))
    }

    @Test(
        "what is no JSON is refused with its place",
        arguments: [
            ("", "line 1 column 1"), ("[1,\n 2", "line 2 column 3"),
            ("{\"a\" 1}", "line 1 column 6"),
            ("[1] 2", "line 1 column 5"), ("\"ab", "line 1 column 4"), ("[0x1]", "line 1 column 2"),
            ("[inf]", "line 1 column 2"), (#""\ud83d""#, "line 1 column 8"),
            (#""\x""#, "line 1 column 4"), ("[+1]", "line 1 column 2"), ("tru", "line 1 column 1"),
        ])
    func refused(text: String, place: String) throws {
        let error = try #require(throws: Malformed.self) { try parse(text) }
        #expect(error.place == place, "\(error)")
    }

    @Test("nesting is bounded")
    func nesting() {
        #expect(throws: Malformed.self) { try parse(String(repeating: "[", count: 100_000)) }
    }
}
