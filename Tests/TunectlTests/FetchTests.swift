import Foundation
import KernelSpace
import Testing
import Tuner
import TunerAPI

@testable import tunectl

struct FetchTests {
    private static let records = [
        Samples.record(),
        Samples.record(
            kernel: "dot", problem: Samples.dot,
            configuration: Configuration(["in": .integer(4), "scale": .real(0.5)])),
    ]

    @Test("the lock file has one key a line, in order, and reads back")
    func lockFile() throws {
        let lock = LockFile([Self.records[1]])
        #expect(
            try lock.text() == """
                {
                  "configurations" : [
                    {
                      "compiler" : "swift-6.3.1",
                      "configuration" : {
                        "in" : 4,
                        "scale" : 0.5
                      },
                      "defaultSeconds" : 0.0025,
                      "device" : "AMD EPYC 9R14",
                      "deviceIdentity" : "4cec1774298efd884b7323d689a122aa17efe1a5670652b888a234dee6de786b",
                      "identity" : "a96a572e2c4b84d77bc664e75bc5e69b09773f04a3e4cde44adfa30f88656507",
                      "kernel" : "dot",
                      "problem" : {
                        "n" : 1000000
                      },
                      "seconds" : 0.00125,
                      "target" : "cpu-avx512"
                    }
                  ],
                  "schema" : 1
                }

                """)
        let read = try JSONDecoder().decode(LockFile.self, from: Data(lock.text().utf8))
        #expect(read == lock)
    }

    @Test("Swift constants are sorted and escape keywords")
    func swift() throws {
        #expect(
            try SwiftConstants(Self.records, target: "cpu-avx512").text == """
                // Written by `tunectl fetch --format swift`; fetch again instead of editing.

                /// Tuned configurations for cpu-avx512.
                public enum Tuned {
                    public enum Dot {
                        /// n=1000000: 215 GFLOP/s on AMD EPYC 9R14
                        public enum N1000000 {
                            public static let `in` = 4
                            public static let scale = 0.5
                        }
                    }
                    public enum Sgemm {
                        /// m=512,n=512,k=512: 215 GFLOP/s on AMD EPYC 9R14
                        public enum M512N512K512 {
                            public static let kc = 256
                            public static let lanes = 16
                            public static let mr = 14
                        }
                    }
                }

                """)
    }

    @Test("C constants are sorted and guarded")
    func header() throws {
        #expect(
            try HeaderConstants(Self.records, target: "cpu-avx512").text == """
                // Written by `tunectl fetch --format header`; fetch again instead of editing.
                // Tuned configurations for cpu-avx512.
                #ifndef TUNED_H
                #define TUNED_H

                // dot n=1000000: 215 GFLOP/s on AMD EPYC 9R14
                #define TUNED_DOT_N1000000_IN 4
                #define TUNED_DOT_N1000000_SCALE 0.5

                // sgemm m=512,n=512,k=512: 215 GFLOP/s on AMD EPYC 9R14
                #define TUNED_SGEMM_M512_N512_K512_KC 256
                #define TUNED_SGEMM_M512_N512_K512_LANES 16
                #define TUNED_SGEMM_M512_N512_K512_MR 14

                #endif

                """)
    }

    @Test("the order in which records come changes nothing")
    func deterministic() throws {
        let reversed = Array(Self.records.reversed())
        #expect(
            try HeaderConstants(Self.records, target: "t").text
                == HeaderConstants(reversed, target: "t").text)
        let listed = Self.records.map { ListedRecord(record: $0, kind: .exact, explanation: nil) }
        let selection = try FetchSelection(listed, kernels: [], target: "cpu-avx512")
        #expect(selection.records.map(\.key.kernel) == ["dot", "sgemm"])
    }

    @Test(
        "names that would reach source are checked",
        arguments: [
            "mr; system(1)", "Mr", "1a", "", "a-b", "ä", "a\nb",
        ])
    func names(name: String) {
        let record = Samples.record(configuration: Configuration([name: .integer(1)]))
        #expect(throws: TunerError.self) { try SwiftConstants([record], target: "t") }
        #expect(throws: TunerError.self) { try HeaderConstants([record], target: "t") }
    }

    @Test("two constants of one name are an error, not a redefinition")
    func collisions() {
        let records = [
            Samples.record(kernel: "a", problem: Samples.problem([("m", 1), ("n", 2)])),
            Samples.record(kernel: "a_m1", problem: Samples.problem([("n", 2)])),
        ]
        #expect(throws: TunerError.self) { try HeaderConstants(records, target: "t") }
    }

    @Test("text never ends its literal or comment")
    func literals() {
        #expect(TunedConstants.literal(.text("a\"b\\c\nd")) == #""a\"b\\c?d""#)
        #expect(TunedConstants.comment("x */ y\nz") == "x  yz")
    }

    @Test("records that no longer hold are left out and named; nothing left is an error")
    func selection() throws {
        var listed = [
            ListedRecord(record: Self.records[0], kind: .exact, explanation: nil),
            ListedRecord(record: Self.records[1], kind: .stale, explanation: "dot is stale"),
        ]
        let selection = try FetchSelection(listed, kernels: [], target: "cpu-avx512")
        #expect(selection.records == [Self.records[0]])
        #expect(selection.leftOut == ["dot is stale"])
        let missing = try #require(throws: TunerError.self) {
            try FetchSelection(listed, kernels: ["dot"], target: "cpu-avx512")
        }
        #expect(missing.message.contains("dot is stale"))
        #expect(missing.hint == "tune first: `tunectl tune dot --target cpu-avx512`")
        #expect(throws: TunerError.self) {
            try FetchSelection(listed, kernels: [], target: "cpu-avx2")
        }
        listed.removeAll()
        #expect(throws: TunerError.self) {
            try FetchSelection(listed, kernels: [], target: "cpu-avx512")
        }
    }

    @Test("a file is replaced whole, and a failure leaves the old one and no other")
    func newFile() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("tunectl-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("tuned.h").path
        try NewFile.write("one", to: file)
        try NewFile.write("two", to: file)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "two")
        #expect(throws: TunerError.self) { try NewFile.write("x", to: folder.path) }
        #expect(throws: TunerError.self) { try NewFile.write("x", to: file + "/no/such") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["tuned.h"])
    }
}
