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
        times: WorkerTimes(verify: 100, measure: 10_000, call: 1))

    private(set) var requests: [MeasureRequest] = []
    private(set) var confirmations: [ConfirmRequest] = []
    private(set) var launches = 0
    /// What a candidate that is compared alone takes, one time after the other; 1 when there is no more.
    private var alone: [Double]
    private var answers: [Answer]
    /// Arguments of the candidate that ends every comparison.
    private let deadly: [Int]?

    init(_ answers: [Answer] = [], deadly: [Int]? = nil, alone: [Double] = []) {
        self.answers = answers
        self.alone = alone
        self.deadly = deadly
    }

    func prepare() {}
    func measure(_ request: MeasureRequest) -> Answer {
        requests.append(request)
        return answers.isEmpty ? .success(Self.passed) : answers.removeFirst()
    }
    func confirm(_ request: ConfirmRequest) -> Result<Verification, Failure> {
        confirmations.append(request)
        guard !answers.isEmpty else { return .success(Self.passed.verification) }
        return answers.removeFirst().map(\.verification)
    }
    func compare(_ request: CompareRequest) -> Result<[WorkerProtocol.Measurement], Failure> {
        if request.candidates.contains(where: { $0.arguments == deadly }) {
            return .failure(.crash(signal: 11, address: nil))
        }
        let isAlone = request.candidates.count == 1 && !alone.isEmpty
        let seconds = isAlone ? alone.removeFirst() : 1
        let samples = [Double](repeating: seconds, count: request.rounds)
        return .success(
            request.candidates.map { _ in
                WorkerProtocol.Measurement(samples: samples, callsPerSample: 1, seconds: seconds)
            })
    }
    func launch() { launches += 1 }
    func finish() {}
}

@Suite struct HardwareEvaluatorTests {
    private func evaluate(_ configurations: [Configuration], on lane: ScriptedLane)
        async throws -> Evaluations
    {
        let tiny = try await TinyKernel()
        let evaluator = try tiny.evaluator(lane)
        let evaluations = Evaluations()
        try await evaluator.evaluate(configurations, standing: SearchStanding()) {
            await evaluations.append($0, $1)
        }
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

    @Test func `a winner is confirmed under every seed until one of them refutes it`()
        async throws
    {
        let lanes = [
            ScriptedLane(), ScriptedLane([.failure(ScriptedLane.wrong)]), ScriptedLane(),
        ]
        let tiny = try await TinyKernel()
        let evaluator = try tiny.evaluator(ScriptedLane(), confirming: lanes)
        let failure = try await evaluator.confirm(TinyKernel.configuration(unroll: 1))
        #expect(failure == ScriptedLane.wrong)
        var requests: [ConfirmRequest] = []
        for lane in lanes { requests += await lane.confirmations }
        #expect(requests.count == 2)
        #expect(requests.allSatisfy { $0.isDeterministic && $0.repetitions > 1 })
        // One a tail, without scratch buffers.
        let tails = try tiny.kernel.tails(of: try tiny.kernel.problem(["n": 1000]))
        #expect(requests.allSatisfy { $0.verifyScratch == tails.map { _ in [] } })
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

    // MARK: - Racing and drift

    private let standing = SearchStanding(
        best: 0.5,
        reference: .init(configuration: TinyKernel.configuration(unroll: 1), seconds: 1))

    private func correct(_ count: Int, alone: [Double]) async throws -> (
        lane: ScriptedLane, measurements: [WorkerProtocol.Measurement]
    ) {
        let lane = ScriptedLane(alone: alone)
        let tiny = try await TinyKernel()
        let evaluator = try tiny.evaluator(lane)
        let evaluations = Evaluations()
        let configurations = (0..<count).map {
            TinyKernel.configuration(unroll: 1 + $0 % 2, chunk: 16)
        }
        try await evaluator.evaluate(configurations, standing: standing) {
            await evaluations.append($0, $1)
        }
        #expect(await evaluations.all.map(\.index) == Array(0..<count))
        let measurements = await evaluations.all.compactMap { item in
            guard case .measured(let measurement, _) = item.evaluation.outcome else {
                return WorkerProtocol.Measurement?.none
            }
            return measurement
        }
        return (lane, measurements)
    }

    @Test func `times are corrected by what the reference takes before and after them`()
        async throws
    {
        // Slower by 4 %, then by 4 % more: within a group the middle counts.
        let (lane, measurements) = try await correct(10, alone: [1.04, 1.04, 1.0816])
        #expect(await lane.requests.count == 10)
        for (index, measurement) in measurements.enumerated() {
            let correction = index < DriftControl.groupSize ? 1 / 1.04 : 1 / 1.0606
            #expect(abs(measurement.seconds - correction) < 1e-4, "\(index)")
            #expect(measurement.driftCorrection == measurement.seconds)
            #expect(measurement.samples == [1])
        }
        // Raced against what the best would take now.
        let bounds = await lane.requests.map { $0.racing?.best ?? 0 }
        #expect(bounds.allSatisfy { abs($0 - 0.52) < 1e-9 })
    }

    @Test func `a group in which the reference moved is measured again, twice at most`()
        async throws
    {
        let once = try await correct(3, alone: [1, 1.2, 1.2])
        #expect(await once.lane.requests.count == 6)
        #expect(once.measurements.allSatisfy { abs($0.seconds - 1 / 1.2) < 1e-9 })
        let always = try await correct(3, alone: [1, 1.2, 1, 1.2])
        #expect(await always.lane.requests.count == 9)
        #expect(always.measurements.count == 3)
    }

    @Test func `without a best or a reference nothing is raced or corrected`() async throws {
        let lane = ScriptedLane()
        let evaluations = try await evaluate([TinyKernel.configuration(unroll: 1)], on: lane)
        #expect(await lane.requests.map(\.racing) == [nil])
        guard case .measured(let measurement, _) = await evaluations.all[0].evaluation.outcome
        else {
            Issue.record("it failed")
            return
        }
        #expect(measurement.driftCorrection == nil && measurement.seconds == 1)
    }

    @Test func `every comparison has a worker of its own`() async throws {
        let lane = ScriptedLane()
        let tiny = try await TinyKernel()
        let evaluator = try tiny.evaluator(lane)
        let pair = [1, 2].map { TinyKernel.configuration(unroll: $0) }
        for _ in 0..<3 { _ = try await evaluator.compare(pair, rounds: 2) }
        #expect(await lane.launches == 3)
    }

    @Test func `what cannot be built is not tried again with other arguments`() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let found = try await Toolchain.find(
            .init(named: nil, environment: ProcessInfo.processInfo.environment))
        try Data(
            """
            #!/bin/sh
            for word; do
                if [ "$before" = -module-cache-path ]; then echo call >> "$word/calls"; fi
                before=$word
            done
            exec \(found.swiftc) "$@"

            """.utf8
        )
        .write(to: URL(filePath: folder + "/swiftc"))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: folder + "/swiftc")
        let tiny = try await TinyKernel(swiftc: folder + "/swiftc")
        let evaluator = try tiny.evaluator(ScriptedLane())
        for chunk in [16, 64] {
            try await evaluator.evaluate(
                [TinyKernel.configuration(unroll: 7, chunk: chunk)], standing: SearchStanding()
            ) {
                #expect($1.map { $0.failure?.code } == ["compilation"])
            }
        }
        // The module, the first variant from it, and then, as that fails, with the sources.
        #expect(
            try String(contentsOfFile: tiny.state + "/objects/modules/calls", encoding: .utf8)
                == "call\ncall\ncall\n")
    }

    @Test func `the worker's own times are what is reported`() async throws {
        let tiny = try await TinyKernel()
        let evaluator = try tiny.evaluator(ScriptedLane())
        try await evaluator.evaluate(
            [1, 2].map { TinyKernel.configuration(unroll: $0) }, standing: SearchStanding()
        ) {
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
        try await evaluator.evaluate(
            [1, 2, 4].map { TinyKernel.configuration(unroll: $0) }, standing: SearchStanding()
        ) { _, _ in }
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
            try await evaluator.evaluate(configurations, standing: SearchStanding()) { _, _ in
                withUnsafeCurrentTask { $0?.cancel() }
            }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(await lane.requests.count == 1)
    }
}
