import Foundation
import KernelSpace
import Testing
import WorkerProtocol

@testable import Tuner

/// The catalogue as it ships: the default and some other configurations of every kernel, compiled for every target that runs here, verified by a real worker on
/// all of the manifest's verify problems between guard pages; defaults of the best are confirmed on other inputs and on tails too.
@Suite(.serialized) struct BuiltInKernelTests {
    private static let package = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
    private static let catalogue = KernelCatalogue(folders: [package + "/Sources/SIMDKernels"])
    /// Besides the default.
    private static let randomConfigurations = 2

    static var kernels: [String] { catalogue.entries.map(\.kernel.name) }
    static var targets: [String] {
        guard let device = try? DeviceProbe().device else { return [] }
        return Target.all.filter { $0.missingFeatures(on: device).isEmpty }.map(\.name)
    }

    @Test func `every built-in manifest is accepted`() {
        #expect(Self.catalogue.rejected.isEmpty, "\(Self.catalogue.rejected)")
        #expect(Self.kernels.contains("sgemm") && !Self.targets.isEmpty)
    }

    @Test(arguments: kernels, targets)
    func `a kernel is right on every target`(name: String, target: String)
        async throws
    {
        let folder = FileManager.default.temporaryDirectory.path + "/built-in-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for path in ["objects", "references", "workers"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(path)", withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
        let toolchain = try await Toolchain.find(
            .init(named: nil, environment: ProcessInfo.processInfo.environment))
        let lock = MeasuringLock(path: folder + "/lock")
        let library = try VariantLibrary(
            toolchain: toolchain, headers: Self.package + "/Sources/CSIMD/include",
            cache: ObjectCache(folder: folder + "/objects"), lock: lock,
            limits: CompileLimits(secondsPerCall: 300, secondsPerFunction: 60, parallelCalls: 2))
        let catalogue = Self.catalogue
        let provider = HardwareEvaluatorProvider(
            catalogue: { catalogue }, probe: try DeviceProbe(), library: .success(library),
            lock: lock,
            measuring: .init(
                worker: try WorkerClient.executablePath(), referenceCache: folder + "/references",
                workerFolders: folder + "/workers",
                plan: SamplingPlan(timerError: 1e-2, maximumSeconds: 0.001)))
        let kernel = try catalogue.kernel(named: name)
        // The largest of the small ones is tuned.
        let problem = try #require(kernel.verifyProblems.last)
        let entry = WorkloadEntry(kernel: name, problem: problem)
        let (space, standard) = try provider.space(for: entry, target: target)
        let first = try #require(standard, "no default of \(name) is valid for \(target)")
        var generator = SeededGenerator(seed: 7)
        var configurations = [first]
        for _ in 0..<Self.randomConfigurations {
            configurations.append(
                space[SearchSpace.Number.random(in: 0..<space.count, using: &generator)])
        }
        let evaluator = try await provider.evaluator(
            for: entry, target: target, progress: { _ in })
        let evaluations = Evaluations()
        try await evaluator.evaluate(configurations, standing: SearchStanding()) {
            await evaluations.append($0, $1)
        }
        for (index, evaluation) in await evaluations.all {
            #expect(evaluation.failure == nil, "\(name) \(target) \(configurations[index])")
        }
        #expect(
            library.usesModule(
                of: kernel, target: try Target.resolve(target, on: DeviceProbe().device)))
        if target == Self.targets.last {
            #expect(try await evaluator.confirm(first) == nil, "\(first)")
        }
        await evaluator.finish()
    }
}
