import Foundation
import Testing
import Tuner
import TunerAPI

@Suite(.serialized) struct ResumeTests {
    static let kills = 20

    /// What a trial log says that must not depend on interruptions.
    struct Line: Hashable {
        var entry: Int
        var number: Int
        var configuration: String
        init(_ trial: Trial) {
            entry = trial.entry
            number = trial.number
            configuration = trial.configuration.description
        }
    }

    @Test(
        "killed at 20 random moments, a session ends with the trials of an undisturbed run",
        arguments: ["random", "exhaustive"])
    func survivesKills(strategy: String) async throws {
        let request = CreateSession(
            target: "cpu-native",
            kernels: [4096, 65_536].map { .init(kernel: "scale", problem: ["n": $0]) },
            strategy: strategy, seed: 7, batch: 2)

        let undisturbed = UndisturbedRun()
        let expected = try await undisturbed.trials(of: request)

        let daemon = try Daemon()
        try await daemon.start()
        let session = try await daemon.client.createSession(request)
        var killed = 0
        var acknowledged: Set<Line> = []
        while killed < Self.kills {
            try await Task.sleep(for: .milliseconds(Int.random(in: 20...400)))
            let seen = try await daemon.client.trials(session: session.id).trials.map(Line.init)
            // What a client was told once must never be lost.
            #expect(acknowledged.isSubset(of: seen), "\(strategy), kill \(killed)")
            acknowledged = Set(seen)
            #expect(seen.count == acknowledged.count, "a trial is there twice")
            daemon.kill()
            killed += 1
            try await daemon.start()
        }
        let end = try await daemon.wait(for: session.id)
        #expect(end.state == .finished, "\(daemon.logText)")
        let trials = try await daemon.client.trials(session: session.id).trials
        #expect(trials.map(Line.init) == expected)
        #expect(end.elapsed > 0)

        var numbers: [Int] = []
        try await daemon.client.watch(session: session.id, patience: .none) { notice in
            if case .event(let event) = notice, event.number >= 0 { numbers.append(event.number) }
        }
        #expect(numbers == Array(0..<numbers.count), "event numbers have gaps")
    }
}

/// The same session on a daemon that nobody kills.
struct UndisturbedRun {
    func trials(of request: CreateSession) async throws -> [ResumeTests.Line] {
        let daemon = try Daemon()
        try await daemon.start()
        let session = try await daemon.client.createSession(request)
        let end = try await daemon.wait(for: session.id)
        #expect(end.state == .finished, "\(daemon.logText)")
        return try await daemon.client.trials(session: session.id).trials.map(
            ResumeTests.Line.init)
    }
}
