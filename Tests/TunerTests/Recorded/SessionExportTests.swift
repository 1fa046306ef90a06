import Foundation
import KernelSpace
import Testing
import WorkerProtocol

@testable import Tuner

/// Exports of sessions whose kernel is gone; `TunerServiceTests` exports with the kernel.
@Suite struct SessionExportTests {
    private static let failures: [(failure: Failure, invalidity: String)] = [
        (.compilation(message: "error: \"no\""), "compile"),
        (.compilerStopped(message: "k"), "compile"),
        (
            .wrongResult(problem: "n=1", buffer: "y", index: 2, value: "nan", expected: "1"),
            "correctness"
        ),
        (.unwritten(problem: "n=1", buffer: "y", index: 0), "correctness"),
        (.overwritten(problem: "n=1", buffer: "y", index: -1), "correctness"),
        (.outOfBounds(problem: "n=1", buffer: "y", offset: 4), "runtime"),
        (.crash(signal: 11, address: 0xFFFF_FFFF_FFFF_FFF0), "runtime"),
        (.exited(status: 3), "runtime"), (.killed(signal: 9), "runtime"),
        (.timeout(phase: "verify", seconds: 2.5), "timeout"),
        (.outOfMemory(limit: 1 << 30), "runtime"), (.misbehaved(message: "it\nleft"), "runtime"),
        (.infrastructure(message: "full"), "runtime"),
        (.recorded(.constraints, message: "InvalidConfig"), "constraints"),
    ]

    /// A session that failed in every way and then measured once.
    private func export() throws -> SessionExport {
        var evaluations = Self.failures.map { Evaluation(.failed($0.failure)) }
        evaluations.append(
            Evaluation(
                .measured(
                    Measurement(
                        samples: [0.1, 0.3, 1e-7 / 3], callsPerSample: 4, seconds: 0.2 / 3),
                    Verification(
                        worstToleranceShare: 0, relativeErrorNorm: 0, comparedElements: 1))))
        let trials = evaluations.enumerated().map { number, evaluation in
            let trial = Trial(
                session: "s-1", entry: 0, number: number,
                configuration: Configuration(["p": .integer(number), "q": .text("a")]),
                evaluationKey: Fingerprint([("n", "\(number)")]), evaluation: evaluation,
                reused: false)
            return (time: 1_000_000.0 + Double(number), trial: trial)
        }
        var device = SyntheticProvider.device
        device.features = Target.all[0].features
        let request = SessionRequest(
            target: Target.all[0].name, workload: [SyntheticProvider.entry(7)], budget: Budget(),
            strategy: "random", seed: 1)
        return try SessionExport(
            session: Session(id: "s-1", request: request, created: 0), entry: 0, trials: trials,
            kernel: nil, device: device)
    }

    @Test("an export is valid T4 and tells every failure under the format's classes")
    func schema() throws {
        let document = try JSONParser.parse(Array(try export().t4.utf8))
        let results = try document.member("results") { try $0.array() }
        #expect(document["schema_version"] == .text("1.0.0"))
        #expect(results.count == Self.failures.count + 1)
        for (index, result) in results.enumerated() {
            try T4Schema.check(result)
            let invalidity = try result.member("invalidity") { try $0.text() }
            let expected =
                index < Self.failures.count ? Self.failures[index].invalidity : "correct"
            #expect(invalidity == expected)
        }
    }

    @Test("an export is read back with times, run times and whole failures")
    func roundTrip() throws {
        let recorded = try RecordedSpace.reading(try export().t4)
        #expect(recorded.origin == .init(kernel: "synthetic", problem: "n=7", device: "none"))
        #expect(Int(recorded.space.count) == Self.failures.count + 1)
        for (index, expected) in Self.failures.enumerated() {
            #expect(recorded.outcome(of: SearchSpace.Number(index)) == .failed(expected.failure))
        }
        #expect(
            recorded.outcome(of: recorded.optimum.number)
                == .measured(seconds: 0.2 / 3, runTimes: [0.1, 0.3, 1e-7 / 3]))
    }

    @Test("a space that nobody knows any more cannot be exported, and says so")
    func noSpace() throws {
        let error = try #require(throws: TunerError.self) { try export().t1() }
        #expect(error.code == .notFound)
    }
}

/// What T4-results-schema.json demands of a result.
enum T4Schema {
    static let invalidities = [
        "timeout", "compile", "runtime", "correctness", "constraints", "correct",
    ]

    static func check(_ result: JSONValue) throws {
        _ = try result.member("configuration") { try $0.object() }
        let invalidity = try result.member("invalidity") { try $0.text() }
        #expect(invalidities.contains(invalidity))
        #expect(
            try result.member("correctness") { $0 } == .integer(invalidity == "correct" ? 1 : 0))
        try result.member("times") { times in
            _ = try times.object()
            _ = try times.optional("runtimes") { try $0.elements { try $0.time() } }
        }
        _ = try result.member("timestamp") { try $0.text() }
        _ = try result.member("objectives") { try $0.array() }
        for measurement in try result["measurements"]?.array() ?? [] {
            _ = try measurement.member("name") { try $0.text() }
            _ = try measurement.member("value") { try $0.time() }
        }
    }
}
