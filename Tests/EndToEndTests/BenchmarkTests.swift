import Foundation
import Testing

/// The benchmarks, so short that they only show that they still work.
@Suite struct BenchmarkTests {
    private struct Line: Decodable {
        var name: String
        var rival: String?
        var mean: Double?
    }

    @Test("the catalogue's race tunes a kernel and compares it with a plain loop and the default")
    func race() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/bench-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = folder + "/cases.json5"
        let cases = """
            [
              // One that is met anyhow, and one that no kernel can meet.
              {name: "easy", kernel: "dot", target: "cpu-sse4.2", cache: "hot", rival: "read", bar: 0, problems: ["n=4096"]},
              {name: "hard", kernel: "sgemm", target: "cpu-sse4.2", cache: "hot", rival: "multiplyAdd", bar: 99, problems: ["m=8,n=8,k=8"]},
            ]
            """
        try Data(cases.utf8).write(to: URL(filePath: file))
        let output = try run(
            Daemon.executable("tune-bench"), ["kernels", file, "--quick", "--json"])
        #expect(output.status == 0, "\(output.standardError)")
        let lines = try output.standardOutput.split(separator: "\n").map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8))
        }
        #expect(lines.contains { $0.name == "easy" && $0.rival?.hasPrefix("plain loop") == true })
        #expect(lines.filter { $0.mean != nil }.map(\.name) == ["easy", "hard"])

        let unknown = try run(
            Daemon.executable("tune-bench"), ["kernels", file, "--case", "none"])
        #expect(unknown.status == 64)
        #expect(unknown.standardError.contains("none"))
    }
}
