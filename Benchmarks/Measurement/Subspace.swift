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
    let base: HardwareEvaluatorProvider
    let values: [String: [Value]]

    func space(for entry: WorkloadEntry, target: String) throws -> (
        space: SearchSpace, defaultConfiguration: Configuration?
    ) {
        let (whole, standard) = try base.space(for: entry, target: target)
        let space = try SearchSpace(
            parameters: whole.parameters.map { parameter in
                var parameter = parameter
                if let values = values[parameter.name] {
                    parameter.values = parameter.values.filter { values.contains($0) }
                }
                return parameter
            }, constraints: whole.constraints)
        return (space, standard.flatMap { space.number(of: $0) == nil ? nil : $0 })
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
