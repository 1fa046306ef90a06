import KernelSpace
import Synchronization
import Tuner
import WorkerProtocol

/// Problems that differ in what tuning brings: the default of the first is the best there is, the second has much to gain, the third
/// is small and soon exhausted, the fourth cannot be tuned.
struct UnevenProvider: EvaluatorProvider {
    /// By `n` of the problem.
    enum Kind: Int {
        case optimal = 1
        case rough, small, broken
    }

    let base = SyntheticProvider()

    static func workload(_ kinds: [Kind], weights: [Double]? = nil) -> [WorkloadEntry] {
        kinds.enumerated().map { index, kind in
            var entry = SyntheticProvider.entry(kind.rawValue)
            entry.weight = weights?[index] ?? 1
            return entry
        }
    }

    static func seconds(_ kind: Kind, _ configuration: Configuration) -> Double {
        let values = (0..<4).map { Double(configuration["p\($0)"]?.integer ?? 0) }
        switch kind {
        case .optimal, .small: return 1 + values.reduce(0, +) / 10
        case .rough, .broken:
            let steps = zip(values, [5, 2, 6, 3]).reduce(0) { $0 + abs($1.0 - $1.1) }
            return 1 + steps * steps / 20
        }
    }

    private func kind(_ entry: WorkloadEntry) -> Kind {
        Kind(rawValue: entry.problem["n"] ?? 0) ?? .broken
    }

    func evaluator(
        for entry: WorkloadEntry, target: String,
        progress: @escaping @Sendable (EvaluationPhase) -> Void
    ) async throws -> any Evaluator {
        let kind = kind(entry)
        if kind == .broken { throw TunerError(.compilation, "its reference does not compile") }
        return UnevenEvaluator(kind: kind)
    }

    func space(for entry: WorkloadEntry, target: String) throws -> (
        space: SearchSpace, defaultConfiguration: Configuration?
    ) {
        let values = kind(entry) == .small ? 2 : 8
        let space = try SearchSpace(
            parameters: (0..<4).map { index in
                Parameter(
                    name: "p\(index)", role: .integer, values: (0..<values).map { .integer($0) })
            }, constraints: [])
        return (space, space[0])
    }

    func recordKey(for entry: WorkloadEntry, target: String) throws -> RecordKey {
        try base.recordKey(for: entry, target: target)
    }

    func facts(about entry: WorkloadEntry) throws -> EntryFacts { try base.facts(about: entry) }
}

private struct UnevenEvaluator: Evaluator {
    let kind: UnevenProvider.Kind

    private func measurement(_ configuration: Configuration, samples: Int) -> Measurement {
        let seconds = UnevenProvider.seconds(kind, configuration)
        return Measurement(
            samples: Array(repeating: seconds, count: samples), callsPerSample: 1, seconds: seconds)
    }

    func evaluate(
        _ configurations: [Configuration], standing: SearchStanding,
        finished: @Sendable (Int, [Evaluation]) async throws -> Void
    ) async throws {
        for (index, configuration) in configurations.enumerated() {
            try Task.checkCancellation()
            let verification = Verification(
                worstToleranceShare: 0, relativeErrorNorm: 0, comparedElements: 1)
            let evaluation = Evaluation(
                .measured(measurement(configuration, samples: 1), verification))
            try await finished(index, [evaluation])
        }
    }

    func compare(_ configurations: [Configuration], rounds: Int) async throws -> [Measurement?] {
        configurations.map { measurement($0, samples: rounds) }
    }

    func confirm(_ configuration: Configuration) async throws -> Failure? { nil }

    func key(of configuration: Configuration) -> Fingerprint {
        Fingerprint([("kind", "\(kind)"), ("configuration", configuration.description)])
    }

    func timeSplit() async -> TimeSplit { TimeSplit() }
    func finish() async {}
}
