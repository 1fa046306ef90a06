import Foundation
import KernelSpace
import Testing
import Tuner
import TunerAPI

@Suite("Exports", .timeLimit(.minutes(15)))
struct ExportTests {
    private func tuned(_ daemon: Daemon, _ problems: [[String: Int]]) async throws -> Session {
        let session = try await daemon.client.createSession(
            CreateSession(
                target: "cpu-avx2",
                kernels: problems.map { CreateSession.Entry(kernel: "alpha", problem: $0) },
                strategy: "exhaustive", seed: 1))
        try await Daemon.until { try await daemon.client.session(session.id).state.isOver }
        return try await daemon.client.session(session.id)
    }

    private func read(_ text: String, in daemon: Daemon, space: String? = nil) throws
        -> RecordedSpace
    {
        let file = daemon.folder + "/export.json"
        try Data(text.utf8).write(to: URL(filePath: file))
        guard let space else { return try RecordedSpace(file: file) }
        try Data(space.utf8).write(to: URL(filePath: file + ".t1"))
        return try RecordedSpace(file: file, space: file + ".t1")
    }

    @Test("an exhaustive session without a budget exports as its kernel's whole space")
    func roundTrip() async throws {
        try await Daemon.run { daemon in
            // Of four distances, n = 2 allows three.
            let session = try await tuned(daemon, [["n": 2]])
            let trials = try await daemon.client.trials(session: session.id).trials
            #expect(trials.count == 24)
            let recorded = try read(
                try await daemon.client.export(session: session.id), in: daemon)
            let entry = session.request.workload[0]
            let space = try daemon.provider.space(for: entry, target: "cpu-avx2").space
            #expect(
                recorded.origin == .init(kernel: "alpha", problem: "n=2", device: "Test processor"))
            #expect(recorded.space.count == space.count)
            #expect(recorded.space.constraints.map(\.expression.source) == ["distance <= 2"])
            #expect(recorded.space.parameters.map(\.name) == space.parameters.map(\.name))
            #expect(recorded.space.parameters.map(\.values) == space.parameters.map(\.values))
            for trial in trials {
                let number = try #require(recorded.space.number(of: trial.configuration))
                #expect(number == space.number(of: trial.configuration))
                #expect(recorded.seconds(of: number) == trial.evaluation.seconds)
            }
        }
    }

    @Test("the space exports as T1, from which T4 is read as well")
    func space() async throws {
        try await Daemon.run { daemon in
            let session = try await tuned(daemon, [["n": 2]])
            let t4 = try await daemon.client.export(session: session.id)
            let t1 = try await daemon.client.export(session: session.id, format: .t1)
            #expect(t1.contains(#""Name": "unroll", "Type": "int", "Values": "[1, 2, 3"#))
            #expect(t1.contains(#""Expression": "distance <= 2", "Parameters": ["distance"]"#))
            let recorded = try read(t4, in: daemon, space: t1)
            #expect(recorded.space.count == 24)
        }
    }

    @Test("of several problems one must be named; what is not there is refused")
    func entries() async throws {
        try await Daemon.run { daemon in
            let session = try await tuned(daemon, [["n": 1], ["n": 2]])
            let client = daemon.client
            let second = try read(
                try await client.export(session: session.id, entry: 1), in: daemon)
            #expect(second.origin.problem == "n=2")
            let several = try await #require(throws: TunerError.self) {
                try await client.export(session: session.id)
            }
            #expect(several.code == .badRequest)
            #expect(several.hint?.contains("0 is alpha n=1, 1 is alpha n=2") ?? false)
            let none = try await #require(throws: TunerError.self) {
                try await client.export(session: session.id, entry: 2)
            }
            #expect(none.code == .badRequest)
            let unknown = try await #require(throws: TunerError.self) {
                try await client.export(session: "nobody")
            }
            #expect(unknown.code == .notFound)
        }
    }
}
