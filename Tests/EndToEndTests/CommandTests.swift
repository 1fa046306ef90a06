import Foundation
import Testing
import Tuner
import TunerAPI

@Suite(.serialized) struct CommandTests {
    let tunectl = Daemon.executable("tunectl")

    func tunectl(_ daemon: Daemon, _ arguments: String...) throws -> Output {
        try run(tunectl, arguments, environment: ["TUNERD_SOCKET": daemon.socket])
    }

    @Test("tune, results, lookup and fetch work against a real daemon")
    func mainJob() async throws {
        let daemon = try Daemon()
        try await daemon.start()
        let tune = try tunectl(
            daemon, "tune", "scale", "--problem", "n=4096", "--budget", "6", "--seed", "1")
        #expect(tune.status == 0, "\(tune.standardError)")
        #expect(tune.standardOutput.contains("scale"))
        #expect(!tune.standardOutput.contains("\u{1B}["), "a pipe gets no escape sequences")

        let results = try tunectl(daemon, "results", "--json")
        #expect(results.status == 0)
        #expect(results.standardOutput.contains("\"scale\""))

        let lookup = try tunectl(daemon, "lookup", "scale", "--problem", "n=4096")
        #expect(lookup.status == 0, "\(lookup.standardError)")

        let first = try tunectl(daemon, "fetch", "scale", "--format", "header")
        let second = try tunectl(daemon, "fetch", "scale", "--format", "header")
        #expect(first.status == 0, "\(first.standardError)")
        #expect(first.standardOutput == second.standardOutput)
        #expect(first.standardOutput.contains("#define"))
    }

    @Test("what cannot be done is said on standard error, with what to do")
    func errors() async throws {
        let daemon = try Daemon()
        let nobody = try tunectl(daemon, "status")
        #expect(nobody.status == 1)
        #expect(nobody.standardError.contains(daemon.socket))
        try await daemon.start()
        let kernel = try tunectl(daemon, "tune", "nosuch", "--budget", "1")
        #expect(kernel.status == 1)
        #expect(kernel.standardError.contains("nosuch"))
        let target = try tunectl(daemon, "tune", "scale", "--target", "cpu-z80", "--budget", "1")
        #expect(target.status == 1)
        #expect(target.standardError.contains("cpu-avx2"), "the known targets are named")
        let usage = try tunectl(daemon, "tune", "--nonsense")
        #expect(usage.status == 64)
    }

    @Test("a second daemon on the same state is refused and names the first")
    func secondDaemon() async throws {
        let daemon = try Daemon()
        try await daemon.start()
        let second = try daemon.launch()
        second.waitUntilExit()
        #expect(second.terminationStatus == 1)
        let holder = try #require(daemon.process).processIdentifier
        #expect(daemon.logText.contains("\(holder)"), "\(daemon.logText)")
        _ = try await daemon.client.health()
    }

    @Test("SIGTERM ends the daemon with status 0 and leaves its session to the next start")
    func terminates() async throws {
        let daemon = try Daemon()
        try await daemon.start()
        let session = try await daemon.client.createSession(
            CreateSession(
                target: "cpu-native", kernels: [.init(kernel: "scale", problem: ["n": 65536])],
                strategy: "exhaustive", batch: 2))
        while try await daemon.client.trials(session: session.id).trials.isEmpty {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(daemon.terminate() == 0, "\(daemon.logText)")
        try await daemon.start()
        #expect(try await daemon.wait(for: session.id).state == .finished)
    }

    @Test("the doctor measures this machine without a daemon, and its status is its verdict")
    func doctor() throws {
        let folder = FileManager.default.temporaryDirectory.path
        let answer = try run(
            tunectl, ["doctor", "--seconds", "1", "--json", "--state-dir", folder])
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(answer.standardOutput.utf8))
                as? [String: Any], "\(answer.standardError)")
        let misleads = try #require(report["isMisleading"] as? Bool)
        #expect(answer.status == (misleads ? 1 : 0))
        let findings = try #require(report["findings"] as? [[String: Any]])
        let grades = Set(findings.compactMap { $0["grade"] as? String })
        #expect(grades.contains("bad") == misleads)
        #expect(findings.first?["subject"] as? String == "compiler")
        let noise = try #require(report["noise"] as? [[String: Any]])
        #expect(noise.map { $0["kind"] as? String } == ["compute", "memory"])
        for floor in noise {
            #expect((floor["launches"] as? Int ?? 0) >= 2)
            #expect((floor["between"] as? Double ?? 0) > 0)
        }
        let conditions = try #require(report["conditions"] as? [String: Any])
        #expect(((conditions["samples"] as? [String: Any])?["kept"] as? Int ?? 0) > 0)
        #expect(try run(tunectl, ["doctor", "--seconds", "0"]).status == 64)
    }

    @Test("curl reads records over the socket")
    func curl() async throws {
        let daemon = try Daemon()
        try await daemon.start()
        let curl = URL(filePath: "/usr/bin/curl")
        try #require(FileManager.default.isExecutableFile(atPath: curl.path))
        let answer = try run(
            curl, ["-s", "--unix-socket", daemon.socket, "http://tunerd/v1/records"])
        #expect(answer.status == 0)
        #expect(answer.standardOutput.contains("\"records\""))
    }
}
