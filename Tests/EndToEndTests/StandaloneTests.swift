import Foundation
import Testing

/// `tunectl tune --standalone`: a daemon that lives as long as the command.
@Suite(.serialized) struct StandaloneTests {
    private static let tunectl = Daemon.executable("tunectl")
    private let folder = URL(filePath: "/tmp/tunectl-e2e-\(UUID().uuidString.prefix(8))")

    private var short: [String] {
        [
            "tune", "dot", "--problem", "n=4096", "--budget", "2", "--standalone", "--state-dir",
            folder.path,
        ]
    }

    /// A command in the middle of a session that takes longer than any test.
    private func startLong() throws -> (process: Process, output: Pipe) {
        let process = Process()
        process.executableURL = Self.tunectl
        process.arguments = [
            "tune", "sgemm", "--problem", "m=512,n=512,k=512", "--budget", "100000",
            "--standalone", "--state-dir", folder.path,
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        // The heading comes once the session is there.
        #expect(!output.fileHandleForReading.availableData.isEmpty)
        return (process, output)
    }

    @Test("it tunes, leaves the state to the next one, and ends with the command")
    func twice() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let first = try run(Self.tunectl, short)
        #expect(first.status == 0, "\(first.standardError)")
        #expect(first.standardOutput.contains("recorded"))
        let second = try run(Self.tunectl, short)
        #expect(second.status == 0, "\(second.standardError)")
    }

    @Test("a recorded space is read back and tuned without the device")
    func recording() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.path + ".t4.json.gz"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let record = try run(
            Self.tunectl,
            [
                "record", "dot", "--problem", "n=256", "--target", "cpu-sse4.2", "--limit", "3",
                "--standalone", "--state-dir", folder.path, "--output", file,
            ])
        #expect(record.status == 0, "\(record.standardError)")
        let replay = try run(
            Self.tunectl, ["replay", file, "--strategy", "random", "--seeds", "2"])
        #expect(replay.status == 0, "\(replay.standardError)")
        #expect(replay.standardOutput.hasPrefix("dot n=256 on "))
        #expect(replay.standardOutput.contains(": 3 configurations, best "))
        #expect(
            replay.standardOutput.contains("2 seeds: 1.000× the optimum (geometric mean), 100 %"))
        let plot = folder.path + ".svg"
        defer { try? FileManager.default.removeItem(atPath: plot) }
        let compare = try run(
            Self.tunectl,
            [
                "bench-search", file, "--strategy", "random", "--strategy", "exhaustive",
                "--budgets", "3", "--seeds", "2", "--plot", plot,
            ])
        #expect(compare.status == 0, "\(compare.standardError)")
        #expect(compare.standardOutput.contains("exhaustive  1.000 [1.000, 1.000] 100 %"))
        let picture = try String(contentsOfFile: plot, encoding: .utf8)
        #expect(picture.hasPrefix("<svg") && picture.contains(">random</text>"))
    }

    @Test("it ends even when tunectl is killed, and what was left is not taken up")
    func killed() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let (process, _) = try startLong()
        let refused = try run(Self.tunectl, short)
        #expect(refused.status == 1, "the state is in use")
        #expect(refused.standardError.contains(folder.path), "\(refused.standardError)")
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        // The kernel kills the daemon after tunectl has been reaped.
        var last = refused
        for _ in 0..<100 where last.status != 0 {
            usleep(100_000)
            last = try run(Self.tunectl, short)
        }
        #expect(last.status == 0, "\(last.standardError)")
        #expect(!last.standardOutput.contains("sgemm"))
    }

    @Test("the first interrupt cancels the session and prints the best so far")
    func interrupted() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let (process, output) = try startLong()
        // Until something was measured, and the signal is surely caught.
        var text = ""
        while !text.contains("default:") {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { break }
            text += String(decoding: data, as: UTF8.self)
        }
        process.interrupt()
        text += String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 130)
        #expect(text.contains("undecided"))
        #expect(text.hasSuffix("cancelled\n"), "\(text)")
        #expect(try run(Self.tunectl, short).status == 0)
    }
}
