import Foundation
import KernelSpace
import Tuner

/// A kernel's search space restricted to some values of its parameters, from a file.
struct Subspace: Decodable {
    var kernel: String
    var problem: String
    var target: String
    /// What each parameter may be; those left out keep their domain.
    var values: [String: [Value]]

    init(file: String) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: URL(filePath: file)))
    }
}

/// Evaluates as another provider does, in a restricted space.
struct SubspaceProvider: EvaluatorProvider {
    private let base: HardwareEvaluatorProvider
    private let kernel: Kernel
    private let device: Device

    init(_ subspace: Subspace, _ host: MeasuringHost) throws {
        base = try host.provider()
        device = host.probe.device
        var kernel = try host.catalogue.kernel(named: subspace.kernel)
        for index in kernel.parameters.indices {
            guard let values = subspace.values[kernel.parameters[index].name] else { continue }
            kernel.parameters[index].values.removeAll { !values.contains($0) }
        }
        self.kernel = kernel
    }

    /// All of `kernel`, for that many threads.
    init(_ kernel: Kernel, threads: Int, _ host: MeasuringHost) throws {
        base = try host.provider()
        device = host.probe.device
        var kernel = kernel
        for index in kernel.parameters.indices where kernel.parameters[index].role == .threads {
            kernel.parameters[index].values = [.integer(threads)]
        }
        self.kernel = kernel
    }

    func space(for entry: WorkloadEntry, target: String) throws -> (
        space: SearchSpace, defaultConfiguration: Configuration?
    ) {
        let target = try Target.resolve(target, on: device)
        let space = try kernel.searchSpace(for: entry.problem, target: target, device: device)
        return (space, kernel.defaultConfiguration(for: target, in: space))
    }

    func evaluator(
        for entry: WorkloadEntry, target: String,
        progress: @escaping @Sendable (EvaluationPhase) -> Void
    ) async throws -> any Evaluator {
        try await base.evaluator(for: entry, target: target, progress: progress)
    }

    func recordKey(for entry: WorkloadEntry, target: String) throws -> RecordKey {
        try base.recordKey(for: entry, target: target)
    }

    func facts(about entry: WorkloadEntry) throws -> EntryFacts { try base.facts(about: entry) }
}
