import Foundation
import KernelSpace
import Testing
import WorkerProtocol

@testable import Tuner

/// Answers as told and keeps what it was asked.
private actor ScriptedLane: MeasuringLane {
    typealias Answer = Result<WorkerClient.Measured, Failure>
    static let wrong = Failure.wrongResult(
        problem: "n=5", buffer: "y", index: 0, value: "1", expected: "2")
    static let passed = WorkerClient.Measured(
        verification: Verification(
            worstToleranceShare: 0, relativeErrorNorm: 0, comparedElements: 1),
        measurement: WorkerProtocol.Measurement(samples: [1], callsPerSample: 1, seconds: 1),
        times: WorkerTimes(verify: 100, measure: 10_000))

    private(set) var requests: [MeasureRequest] = []
    private var answers: [Answer]
    /// Arguments of the candidate that ends every comparison.
    private let deadly: [Int]?

    init(_ answers: [Answer] = [], deadly: [Int]? = nil) {
        self.answers = answers
        self.deadly = deadly
    }

    func prepare() {}
    func measure(_ request: MeasureRequest) -> Answer {
        requests.append(request)
        return answers.isEmpty ? .success(Self.passed) : answers.removeFirst()
    }
    func compare(_ request: CompareRequest) -> Result<[WorkerProtocol.Measurement], Failure> {
        if request.candidates.contains(where: { $0.arguments == deadly }) {
            return .failure(.crash(signal: 11, address: nil))
        }
        let samples = [Double](repeating: 1, count: request.rounds)
        return .success(
            request.candidates.map { _ in
                WorkerProtocol.Measurement(samples: samples, callsPerSample: 1, seconds: 1)
            })
    }
    func finish() {}
}

@Suite struct HardwareEvaluatorTests {
    private func evaluate(_ configurations: [Configuration], on lane: ScriptedLane)
        async throws -> Evaluations
    {
        let tiny = try await TinyKernel()
        let evaluator = try tiny.evaluator(lane)
        let evaluations = Evaluations()
        try await evaluator.evaluate(configurations) { await evaluations.append($0, $1) }
        return evaluations
    }

    @Test func `a variant without an object fails, and the others are measured in order`()
        async throws
    {
        let lane = ScriptedLane()
        let evaluations = try await evaluate(
            [1, 7, 2].map { TinyKernel.configuration(unroll: $0) }, on: lane)
        #expect(await evaluations.all.map(\.index) == [0, 1, 2])
        #expect(await evaluations.failures == [nil, "compilation", nil])
        let symbols = await lane.requests.map(\.candidate.entry.symbol)
        #expect(Set(symbols).count == 2)
        #expect(await lane.requests.map(\.candidate.arguments) == [[16], [16]])
    }

    @Test func `a specialization is proved on the small problems once`() async throws {
        let lane = ScriptedLane()
        _ = try await evaluate(
            [
                TinyKernel.configuration(unroll: 1), TinyKernel.configuration(unroll: 1, chunk: 64),
                TinyKernel.configuration(unroll: 2),
            ], on: lane)
        // Two verify problems, without scratch buffers.
        #expect(await lane.requests.map(\.verifyScratch) == [[[], []], [], [[], []]])
        #expect(await lane.requests.map(\.candidate.arguments) == [[16], [64], [16]])
    }

    @Test func `a specialization that failed is proved again`() async throws {
        let lane = ScriptedLane([.failure(.timeout(phase: "measure", seconds: 1))])
        let evaluations = try await evaluate(
            [
                TinyKernel.configuration(unroll: 1), TinyKernel.configuration(unroll: 1, chunk: 64),
            ], on: lane)
        #expect(await evaluations.failures == ["timeout", nil])
        #expect(await lane.requests.map(\.verifyScratch.count) == [2, 2])
    }

    @Test func `a wrong result is reported once it was seen twice`() async throws {
        let lane = ScriptedLane([.failure(ScriptedLane.wrong), .failure(ScriptedLane.wrong)])
        let evaluations = try await evaluate([TinyKernel.configuration(unroll: 1)], on: lane)
        #expect(await evaluations.all.map(\.evaluation.failure) == [ScriptedLane.wrong])
        #expect(await lane.requests.count == 2)
    }

    @Test func `a result that is wrong only once is not remembered`() async throws {
        let lane = ScriptedLane([.failure(ScriptedLane.wrong)])
        let evaluations = try await evaluate([TinyKernel.configuration(unroll: 1)], on: lane)
        let failure = try #require(await evaluations.all.first?.evaluation.failure)
        #expect(failure.code == "infrastructure" && !failure.isDeterministic)
    }

    @Test func `a comparison goes on without the candidate that ends it`() async throws {
        let tiny = try await TinyKernel()
        let evaluator = try tiny.evaluator(ScriptedLane(deadly: [64]))
        let results = try await evaluator.compare(
            [
                TinyKernel.configuration(unroll: 1), TinyKernel.configuration(unroll: 1, chunk: 64),
                TinyKernel.configuration(unroll: 7), TinyKernel.configuration(unroll: 2),
            ], rounds: 3)
        #expect(results.map { $0?.samples.count } == [3, nil, nil, 3])
    }

    @Test func `what cannot be built is not tried again with other arguments`() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let found = try await Toolchain.find(
            .init(named: nil, environment: ProcessInfo.processInfo.environment))
        try Data("#!/bin/sh\necho call >> \(folder)/calls\nexec \(found.swiftc) \"$@\"\n".utf8)
            .write(to: URL(filePath: folder + "/swiftc"))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: folder + "/swiftc")
        let tiny = try await TinyKernel(swiftc: folder + "/swiftc")
        let evaluator = try tiny.evaluator(ScriptedLane())
        for chunk in [16, 64] {
            try await evaluator.evaluate([TinyKernel.configuration(unroll: 7, chunk: chunk)]) {
                #expect($1.failure?.code == "compilation")
            }
        }
        #expect(try String(contentsOfFile: folder + "/calls", encoding: .utf8) == "call\n")
    }

    @Test func `the worker's own times are what is reported`() async throws {
        let tiny = try await TinyKernel()
        let evaluator = try tiny.evaluator(ScriptedLane())
        try await evaluator.evaluate([1, 2].map { TinyKernel.configuration(unroll: $0) }) {
            _, _ in
        }
        let times = await evaluator.timeSplit()
        #expect(times.measure == 20_000)
        // Preparing the lane is part of verification; this lane has nothing to prepare.
        #expect(times.verify >= 200 && times.verify < 300)
        #expect(times.compile > 0)
    }

    @Test func `what was measured is certified once, with the machine and its samples`()
        async throws
    {
        let tiny = try await TinyKernel()
        let disturbed = WorkerClient.Measured(
            verification: ScriptedLane.passed.verification,
            measurement: WorkerProtocol.Measurement(
                samples: [1, 1, 1], callsPerSample: 1, seconds: 1, repeatedSamples: 2,
                taintedSamples: 1, disturbance: Disturbance(involuntarySwitches: 4)),
            times: ScriptedLane.passed.times)
        let evaluator = try tiny.evaluator(
            ScriptedLane([.success(disturbed), .failure(.timeout(phase: "measure", seconds: 1))]))
        #expect(await evaluator.takeCertificate() == nil)
        try await evaluator.evaluate([1, 2, 4].map { TinyKernel.configuration(unroll: $0) }) {
            _, _ in
        }
        let batch = try #require(await evaluator.takeCertificate())
        #expect(batch.samples.kept == 4 && batch.samples.repeated == 2)
        #expect(batch.samples.tainted == 1 && batch.samples.disturbance.involuntarySwitches == 4)
        #expect(batch.machine.core == (try DeviceProbe().measuringCore))
        #expect(batch.host.load != nil && batch.host.runnable != nil)
        #expect(await evaluator.takeCertificate() == nil)
        _ = try await evaluator.compare([TinyKernel.configuration(unroll: 1)], rounds: 9)
        #expect(await evaluator.takeCertificate()?.samples.kept == 9)
    }

    @Test func `a cancelled evaluation stops between candidates`() async throws {
        let tiny = try await TinyKernel()
        let lane = ScriptedLane()
        let evaluator = try tiny.evaluator(lane)
        let configurations = [1, 2].map { TinyKernel.configuration(unroll: $0) }
        let task = Task {
            try await evaluator.evaluate(configurations) { _, _ in
                withUnsafeCurrentTask { $0?.cancel() }
            }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(await lane.requests.count == 1)
    }
}
