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
