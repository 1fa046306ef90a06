import KernelSpace
import Testing
import WorkerProtocol

@testable import Tuner

/// A real compiler and a real worker.
@Suite struct EndToEndTests {
    private func provider(_ tiny: TinyKernel, library: Result<VariantLibrary, TunerError>) throws
        -> HardwareEvaluatorProvider
    {
        let catalogue = tiny.catalogue
        return HardwareEvaluatorProvider(
            catalogue: { catalogue }, probe: try DeviceProbe(), library: library, lock: tiny.lock,
            measuring: .init(
                worker: try WorkerClient.executablePath(),
                referenceCache: tiny.state + "/references",
                workerFolders: tiny.state + "/workers",
                plan: SamplingPlan(timerError: 1e-3, maximumSeconds: 0.02)))
    }

    private func entry(_ tiny: TinyKernel) throws -> WorkloadEntry {
        WorkloadEntry(kernel: "triple", problem: try tiny.kernel.problem(["n": 1000]))
    }

    @Test func `right variants are measured, wrong ones and uncompilable ones are told apart`()
        async throws
    {
        let tiny = try await TinyKernel()
        let provider = try provider(tiny, library: .success(try tiny.library()))
        let entry = try entry(tiny)
        let evaluator = try await provider.evaluator(
            for: entry, target: "cpu-native", progress: { _ in })
        let evaluations = Evaluations()
        let configurations = [1, 5, 7, 2].map { TinyKernel.configuration(unroll: $0) }
        try await evaluator.evaluate(configurations, standing: SearchStanding()) {
            await evaluations.append($0, $1)
        }
        #expect(await evaluations.failures == [nil, "wrongResult", "compilation", nil])
        for (_, evaluation) in await evaluations.all {
            guard case .measured(let measurement, let verification) = evaluation.outcome else {
                continue
            }
            #expect(measurement.seconds > 0)
            #expect(measurement.samples.count >= 7 || measurement.racedAgainst != nil)
            #expect(verification.worstToleranceShare <= 1 && verification.comparedElements >= 1005)
        }
        let compared = try await evaluator.compare(configurations, rounds: 4)
        #expect(compared.map { $0?.samples.count }.first == 4)
        #expect(compared[2] == nil && compared[3] != nil)
        for configuration in configurations {
            #expect(
                try provider.evaluationKey(
                    of: configuration, for: entry, target: "cpu-native")
                    == evaluator.key(of: configuration))
        }
        await evaluator.finish()
    }

    @Test func `what is right on the tuned problem and wrong on a tail of it is not confirmed`()
        async throws
    {
        let tiny = try await TinyKernel()
        let provider = try provider(tiny, library: .success(try tiny.library()))
        let evaluator = try await provider.evaluator(
            for: try entry(tiny), target: "cpu-native", progress: { _ in })
        let evaluations = Evaluations()
        let configurations = [1, 3].map { TinyKernel.configuration(unroll: $0) }
        try await evaluator.evaluate(configurations, standing: SearchStanding()) {
            await evaluations.append($0, $1)
        }
        #expect(await evaluations.failures == [nil, nil])
        #expect(try await evaluator.confirm(configurations[0]) == nil)
        let failure = try await evaluator.confirm(configurations[1])
        guard case .wrongResult("1001", "y", 1000, _, _) = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        await evaluator.finish()
    }

    @Test func `without a compiler everything else still works`() async throws {
        let tiny = try await TinyKernel()
        let missing = TunerError(.noCompiler, "no compiler")
        let provider = try provider(tiny, library: .failure(missing))
        let entry = try entry(tiny)
        let (space, configuration) = try provider.space(for: entry, target: "cpu-native")
        #expect(space.count == 20)
        #expect(configuration == TinyKernel.configuration(unroll: 1))
        #expect(try provider.recordKey(for: entry, target: "cpu-native").kernel == "triple")
        #expect(
            try provider.evaluationKey(
                of: TinyKernel.configuration(unroll: 1), for: entry, target: "cpu-native") == nil)
        let error = await #expect(throws: TunerError.self) {
            try await provider.evaluator(for: entry, target: "cpu-native", progress: { _ in })
        }
        #expect(error?.code == .noCompiler)
    }

    @Test func `unknown kernels and targets are named`() async throws {
        let tiny = try await TinyKernel()
        let provider = try provider(tiny, library: .success(try tiny.library()))
        let entry = try entry(tiny)
        var stranger = entry
        stranger.kernel = "stranger"
        #expect(throws: TunerError.self) {
            _ = try provider.space(for: stranger, target: "cpu-native")
        }
        let error = #expect(throws: TunerError.self) {
            _ = try provider.space(for: entry, target: "cpu-abacus")
        }
        #expect(error?.code == .unsupportedTarget)
    }
}
