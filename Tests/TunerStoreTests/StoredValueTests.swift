import KernelSpace
import Testing
import Tuner

@testable import TunerStore

@Suite struct StoredValueTests {
    private let key = Array("a/b".utf8)

    @Test func `an envelope gives back what was sealed`() throws {
        let json = Array(#"{"a":[1,"}"]}"#.utf8)
        let sealed = Envelope.seal(json, schema: 7, in: .trials, key: key)
        let opened = try Envelope.open(sealed, in: .trials, key: key)
        #expect(opened.schema == 7)
        #expect(Array(opened.json) == json)
    }

    @Test func `every flipped bit, cut and displacement is noticed`() {
        let sealed = Envelope.seal(
            Array(#"{"m":512}"#.utf8), schema: Schema.version, in: .trials, key: key)
        for bit in 0..<sealed.count * 8 {
            var damaged = sealed
            damaged[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: Envelope.Damage.self, "bit \(bit)") {
                try Envelope.open(damaged, in: .trials, key: key)
            }
        }
        for count in 0..<sealed.count {
            #expect(throws: Envelope.Damage.self, "cut to \(count) bytes") {
                try Envelope.open(Array(sealed.prefix(count)), in: .trials, key: key)
            }
        }
        #expect(throws: Envelope.Damage.wrongSum) {
            try Envelope.open(sealed, in: .events, key: key)
        }
        #expect(throws: Envelope.Damage.wrongSum) {
            try Envelope.open(sealed, in: .trials, key: Array("a/c".utf8))
        }
    }

    @Test(arguments: 1...4)
    func `arbitrary bytes are an error of the store, never a trap`(seed: Int) throws {
        var samples = Samples(seed: UInt64(seed))
        for _ in 0..<2000 {
            let bytes = try hostileBytes(&samples)
            // Sealed too: so that the decoder behind the checksum sees them.
            for value in [
                bytes, Envelope.seal(bytes, schema: Schema.version, in: .trials, key: key),
            ] {
                check(value, as: Trial.self)
                check(value, as: Evaluation.self)
                check(value, as: Session.self)
                check(value, as: TuningRecord.self)
                check(value, as: Event.self)
            }
        }
    }

    /// Noise, JSON's own characters, or a real value with some bytes changed.
    private func hostileBytes(_ samples: inout Samples) throws -> [UInt8] {
        let alphabet = Array(#"{}[]",:0123456789.eE+-truefalsn\u "#.utf8)
        switch samples.index(3) {
        case 0: return (0..<samples.index(60)).map { _ in UInt8(samples.index(256)) }
        case 1: return (0..<samples.index(60)).map { _ in alphabet[samples.index(alphabet.count)] }
        default:
            let event = samples.event(session: "s", number: 1)
            let value = try StoredValue.encode(event, in: .trials, key: key, path: "p")
            var json = Array(try Envelope.open(value, in: .trials, key: key).json)
            for _ in 0..<1 + samples.index(4) {
                json[samples.index(json.count)] = alphabet[samples.index(alphabet.count)]
            }
            return json
        }
    }

    private func check<Model: Decodable>(_ bytes: [UInt8], as type: Model.Type) {
        do {
            let _: Model = try StoredValue.decode(bytes, in: .trials, key: key, path: "p")
        } catch {
            #expect((error as? TunerError)?.code == .storage)
            #expect((error as? TunerError)?.message.contains("trials/a/b") == true)
        }
    }

    @Test func `a value nested without end is an error`() {
        let deep = Array(repeating: UInt8(ascii: "["), count: 200_000)
        check(Envelope.seal(deep, schema: Schema.version, in: .trials, key: key), as: Trial.self)
    }

    @Test func `a key fits in LMDB whatever the names`() {
        for count in [1, 400, 464, 465, 466, 5000] {
            let name = String(repeating: "x", count: count)
            let keys = [
                Schema.trial(session: name, entry: .max, number: .max), Schema.session(name),
                Schema.event(session: name, number: Change.numberLimit),
                Schema.record(
                    RecordKey(
                        kernel: name, problem: name, target: "t", device: Samples.fingerprint(1))),
            ]
            for key in keys { #expect(key.count <= 511, "names of \(count) bytes") }
        }
    }
}
