import KernelSpace
import Testing

@testable import Tuner

@Suite struct MalformedRecordingTests {
    private func message(_ text: String, space: String? = nil) throws -> String {
        let error = try #require(throws: TunerError.self) {
            try RecordedSpace.reading(text, space: space)
        }
        #expect(error.code == .badRequest)
        #expect(error.message.hasPrefix("cannot read /tmp/recorded-"))
        return error.message
    }

    @Test(
        "a table that is wrong says where and what",
        arguments: [
            ("0.25, 0]", "0.25]", "rows[1]: has 3 cells for 4 columns"),
            ("0.25, 0]", "NaN, 0]", "rows[1].time_ms: is nan"),
            ("0.25, 0]", "0, 0]", "rows[1].time_ms: is 0.0; a time is a finite number above 0"),
            ("0.25, 0]", "\"0.25\", 0]", "rows[1].time_ms: must be a time, not text"),
            ("0.25, 0]", "0.25, 7]", "rows[1].status: must be 0 (ok), 1, 2 or 3"),
            ("[1, \"b\", 0", "[1, \"c\", 0", "rows[1]: mode is c, which is not among its values"),
            ("[1, \"b\", 0", "[1, [], 0", "rows[1].mode: must be a number, text or a boolean"),
            ("[1, \"b\", 0", "[1, \"a\", 0", "rows[1]: mode=a,x=1 was recorded before"),
            ("[4, \"a\"", "[4, \"b\"", "rows[4]: mode=b,x=4 violates the constraints"),
            (
                "\"x\", \"mode\", \"time", "\"x\", \"y\", \"time",
                "columns: there is no column \"mode\""
            ),
            ("[1, 2, 4]", "[1, 2, 4, 4]", "parameter x has a value twice"),
            ("x < 4 or", "x < 4 or or", "restrictions[0]: the constraint \"x < 4 or or"),
            ("x < 4 or", "y < 4 or", "\"y\" is neither a parameter nor a constant"),
            ("\"kernel\": \"k\"", "\"kernel\": 3", "kernel: must be text, not a number"),
            ("\"columns\"", "\"colums\"", "\"columns\" is missing"),
            ("\"recorded-space/1\"", "\"recorded-space/9\"", "it is no recording"),
            ("\"rows\": [", "\"rows\": [,", "line 5 column 11: expected a value, found \",\""),
            ("\"device\": \"d\"", "\"kernel\": \"d\"", "the name \"kernel\" is repeated"),
        ])
    func rows(part: String, wrong: String, says: String) throws {
        let text = SameRecording.rows.replacing(part, with: wrong, maxReplacements: 1)
        #expect(text != SameRecording.rows)
        let message = try message(text)
        #expect(message.contains(says), "\(message)")
    }

    @Test(
        "a cache that is wrong says where and what",
        arguments: [
            ("\"RuntimeFailedConfig\"", "\"Oops\"", "cache[\"2,a\"].time: is \"Oops\"; it must be"),
            ("\"time\": 1}", "\"time\": -1}", "cache[\"2,b\"].time: is -1.0"),
            ("{\"x\": 2.0,", "{\"y\": 2.0,", "cache[\"2,b\"]: \"x\" is missing"),
            ("{\"x\": 2.0,", "{\"x\": 3,", "cache[\"2,b\"]: x is 3, which is not among its values"),
            ("[3.0, 4.0]", "[3.0, null]", "cache[\"1,a\"].times[1]: must be a time, not null"),
            ("\"tune_params\":", "\"params\":", "\"tune_params\" is missing"),
        ])
    func cache(part: String, wrong: String, says: String) throws {
        let text = SameRecording.cache.replacing(part, with: wrong, maxReplacements: 1)
        #expect(text != SameRecording.cache)
        let message = try message(text)
        #expect(message.contains(says), "\(message)")
    }

    @Test(
        "T4 that is wrong says where and what",
        arguments: [
            ("\"runtime\"", "\"odd\"", "results[2].invalidity: is \"odd\"; it must be correct,"),
            ("\"miliseconds\"", "\"weeks\"", "metadata.timeunit: is \"weeks\"; it must be one of"),
            (
                "\"value\": 0.25", "\"value\": \"?\"",
                "results[1].measurements[0].value: must be a time"
            ),
            (
                "\"name\": \"time\", \"value\": 0.25", "\"name\": \"e\"",
                "neither a measurement \"time\""
            ),
            ("{\"x\": 1, \"mode\": \"b\"}", "{\"x\": 1, \"m\": \"b\"}", "no parameter \"m\""),
            (
                "{\"x\": 1, \"mode\": \"b\"}", "{\"x\": 1}",
                "results[1].configuration: \"mode\" is missing"
            ),
            ("\"times\": {}, ", "", "results[0]: \"times\" is missing"),
        ])
    func t4(part: String, wrong: String, says: String) throws {
        let text = SameRecording.t4.replacing(part, with: wrong, maxReplacements: 1)
        #expect(text != SameRecording.t4)
        let message = try message(text)
        #expect(message.contains(says), "\(message)")
    }

    @Test("a space that is wrong says so, and only T4 takes one")
    func t1() throws {
        let wrong = SameRecording.t1.replacing("[1, 2, 2**2]", with: "range(3)")
        #expect(
            try message(SameRecording.t4, space: wrong).contains(
                "TuningParameters[0].Values: is \"range(3)\"; it must be a list"))
        #expect(try message(SameRecording.cache, space: SameRecording.t1).contains("only T4"))
    }

    @Test("nothing measured is nothing to search")
    func nothing() throws {
        let text =
            #"{"results": [{"configuration": {"x": 1}, "times": {}, "invalidity": "compile"}]}"#
        #expect(try message(text).contains("no configuration has a time"))
        #expect(try message(#"{"results": []}"#).contains("results is empty"))
    }

    @Test("a file that is not there is named")
    func absent() throws {
        let error = try #require(throws: TunerError.self) { try RecordedSpace(file: "/no/such") }
        #expect(error.message.contains("/no/such") && error.message.contains("cannot be opened"))
    }

    @Test(
        "a compressed file cut anywhere, or with any byte changed, is refused or read, never a trap"
    )
    func damagedCompression() throws {
        let bytes = Gzip.compress(Array(SameRecording.rows.utf8))
        for length in 2..<bytes.count {
            let error = try #require(throws: TunerError.self) {
                try withFile(Array(bytes[..<length])) { try RecordedSpace(file: $0) }
            }
            #expect(error.message.contains("is cut off after \(length) bytes"), "\(error)")
        }
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x55
            // Bytes of the header that mean nothing may change.
            _ = try? withFile(damaged) { try RecordedSpace(file: $0) }
        }
    }

    @Test("compressed members after each other are one file, and a bomb is refused")
    func members() throws {
        let text = Array(SameRecording.rows.utf8)
        let parts = Gzip.compress(Array(text[..<100])) + Gzip.compress(Array(text[100...]))
        #expect(try Gzip.expand(parts) == text)
        let zeros = Gzip.compress([UInt8](repeating: 0, count: 3_000_000))
        #expect(zeros.count < 10_000)
        #expect(throws: Gzip.Damage.self) { try Gzip.expand(zeros, limit: 1_000_000) }
        #expect(try Gzip.expand(zeros).count == 3_000_000)
        #expect(try Gzip.expand(Gzip.compress([])) == [])
    }

    @Test("text with random bytes changed is refused or read, never a trap", arguments: 0..<20)
    func random(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for text in [SameRecording.rows, SameRecording.cache, SameRecording.t4] {
            for _ in 0..<50 {
                var bytes = Array(text.utf8)
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    let index = Int.random(in: bytes.indices, using: &generator)
                    bytes[index] = UInt8.random(in: 0...255, using: &generator)
                }
                do {
                    _ = try withFile(bytes) { try RecordedSpace(file: $0) }
                } catch {
                    #expect(error is TunerError, "seed \(seed): \(error)")
                }
            }
        }
    }
}
