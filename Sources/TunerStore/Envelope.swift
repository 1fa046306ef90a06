/// The form of every stored value: JSON with its schema version and a checksum.
///
/// LMDB has no checksums: most flipped bits of a file go unnoticed by it. The sum covers the
/// sub-database and the key too, so a value that turns up under another key is noticed as well. The
/// form itself is the same in every schema version.
enum Envelope {
    /// What is wrong with a value's bytes.
    enum Damage: Error, Equatable {
        case notAnEnvelope
        case wrongSum
    }

    static func seal(_ json: [UInt8], schema: Int, in database: SubDatabase, key: [UInt8])
        -> [UInt8]
    {
        let sum = checksum(json[...], schema: schema, in: database, key: key)
        return head + Array(String(schema).utf8) + middle + sum + tail + json + [end]
    }

    /// The JSON within, once its sum is found right.
    static func open(
        _ bytes: [UInt8], in database: SubDatabase, key: [UInt8]
    ) throws(Damage) -> (schema: Int, json: ArraySlice<UInt8>) {
        var rest = bytes[...]
        guard take(head, from: &rest) else { throw .notAnEnvelope }
        let number = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest.dropFirst(number.count)
        guard let schema = Int(String(decoding: number, as: UTF8.self)),
            take(middle, from: &rest)
        else { throw .notAnEnvelope }
        let sum = rest.prefix(sumWidth)
        rest = rest.dropFirst(sumWidth)
        guard take(tail, from: &rest), rest.popLast() == end else { throw .notAnEnvelope }
        guard Array(sum) == checksum(rest, schema: schema, in: database, key: key) else {
            throw .wrongSum
        }
        return (schema, rest)
    }

    private static let head = Array(#"{"schema":"#.utf8)
    private static let middle = Array(#","sum":""#.utf8)
    private static let tail = Array(#"","value":"#.utf8)
    private static let end = UInt8(ascii: "}")
    private static let sumWidth = 16

    private static func take(_ prefix: [UInt8], from rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.starts(with: prefix) else { return false }
        rest = rest.dropFirst(prefix.count)
        return true
    }

    /// FNV-1a, 64 bits: each step is a bijection of the state, so one changed byte always changes
    /// the sum, and more do but for 1 in 2⁶⁴. It is against accidents, not against people.
    private static func checksum(
        _ json: ArraySlice<UInt8>, schema: Int, in database: SubDatabase, key: [UInt8]
    ) -> [UInt8] {
        var state: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for byte in "\(schema) \(database.rawValue) ".utf8 { add(byte) }
        for byte in key { add(byte) }
        add(UInt8(ascii: " "))
        for byte in json { add(byte) }
        let digits = Array(String(state, radix: 16).utf8)
        return Array(repeating: UInt8(ascii: "0"), count: sumWidth - digits.count) + digits
    }
}
