import KernelSpace
import Synchronization
import Tuner
import WorkerProtocol

/// A world without hardware: times are a function of the configuration, some configurations fail.
final class SyntheticProvider: EvaluatorProvider {
    let parameters: [Parameter]
    /// By problem: how many configurations were really evaluated.
    let evaluations = Mutex(0)
    /// Configurations that turn out wrong only when they have won.
    let disproved: [Configuration: Failure]
    /// Whether a configuration fails in a comparison of so many.
    let fails: @Sendable (Configuration, Int) -> Bool

    init(
        values: Int = 6, disproved: [Configuration: Failure] = [:],
        fails: @escaping @Sendable (Configuration, Int) -> Bool = { _, _ in false }
    ) {
        self.disproved = disproved
        self.fails = fails
        parameters = (0..<3).map { index in
            Parameter(name: "p\(index)", role: .integer, values: (0..<values).map { .integer($0) })
        }
    }

    static let device = Device(
        vendor: "none", family: 1, model: 1, stepping: 1, brand: "none", microcode: "1", cores: 1,
        caches: [], hypervisor: nil, features: [])

    static func entry(_ n: Int) -> WorkloadEntry {
        WorkloadEntry(
            kernel: "synthetic",
            problem: Problem(dimensions: [.init(name: "n", value: n, isDefault: false)]))
    }

    static func seconds(_ configuration: Configuration) -> Double {
        let values = (0..<3).map { Double(configuration["p\($0)"]?.integer ?? 0) }
        // One valley, off the default, with a ripple that makes hill climbing restart.
        return 1 + (values[0] - 4) * (values[0] - 4) + (values[1] - 2) * (values[1] - 2)
            + abs(values[2] - 3) + ((values[0] + values[1]).remainder(dividingBy: 2) == 0 ? 0 : 0.7)
    }

    /// p2 = 1 does not compile; p2 = 5 is killed, which nobody may remember.
    static func evaluation(_ configuration: Configuration) -> Evaluation {
        switch configuration["p2"]?.integer {
        case 1: return Evaluation(.failed(.compilation(message: "no")))
        case 5: return Evaluation(.failed(.timeout(phase: "verify", seconds: 1)))
        default:
            let seconds = seconds(configuration)
            return Evaluation(
                .measured(
                    Measurement(samples: [seconds], callsPerSample: 1, seconds: seconds),
                    Verification(
                        worstToleranceShare: 0, relativeErrorNorm: 0, comparedElements: 1,
                        outputHash: bits(configuration))))
        }
    }

    /// Odd values of p2 sum in another order.
    static func bits(_ configuration: Configuration) -> UInt64 {
        (configuration["p2"]?.integer ?? 0) % 2 == 0 ? 1 : 2
    }

    func evaluator(
        for entry: WorkloadEntry, target: String,
        progress: @escaping @Sendable (EvaluationPhase) -> Void
    ) async throws -> any Evaluator {
        SyntheticEvaluator(provider: self, problem: entry.problem.canonical)
    }

    func space(for entry: WorkloadEntry, target: String) throws -> (
        space: SearchSpace, defaultConfiguration: Configuration?
    ) {
        let space = try SearchSpace(
            parameters: parameters, constraints: [try Constraint("p0 + p1 <= 8")])
        return (space, space[0])
    }

    func recordKey(for entry: WorkloadEntry, target: String) throws -> RecordKey {
        RecordKey(
            kernel: entry.kernel, problem: entry.problem.canonical, target: target,
            device: Self.device.fingerprint)
    }

    func facts(about entry: WorkloadEntry) throws -> EntryFacts {
        EntryFacts(device: Self.device, flops: 1, bytes: 1, figure: .flops, compiler: "none")
    }
}

private struct SyntheticEvaluator: Evaluator {
    let provider: SyntheticProvider
    let problem: String

    func evaluate(
        _ configurations: [Configuration], standing: SearchStanding,
        finished: @Sendable (Int, [Evaluation]) async throws -> Void
    ) async throws {
        for (index, configuration) in configurations.enumerated() {
            try Task.checkCancellation()
            provider.evaluations.withLock { $0 += 1 }
            try await finished(index, [SyntheticProvider.evaluation(configuration)])
        }
    }

    func compare(_ configurations: [Configuration], rounds: Int) async throws -> [Measurement?] {
        configurations.map {
            guard !provider.fails($0, configurations.count) else { return nil }
            let seconds = SyntheticProvider.seconds($0)
            return Measurement(
                samples: Array(repeating: seconds, count: rounds), callsPerSample: 1,
                seconds: seconds)
        }
    }

    func confirm(_ configuration: Configuration) async throws -> Failure? {
        provider.disproved[configuration]
    }

    func key(of configuration: Configuration) -> Fingerprint {
        Fingerprint([("problem", problem), ("configuration", configuration.description)])
    }

    func timeSplit() async -> TimeSplit { TimeSplit() }
    func finish() async {}
}

/// A store that dies at a commit: nothing of that commit is kept, nor anything later.
final class DyingStore: RecordStore {
    struct Death: Error {}
    let store: any RecordStore
    private let left: Mutex<Int>

    init(_ store: any RecordStore, commits: Int) {
        self.store = store
        left = Mutex(commits)
    }

    func commit(_ changes: [Change]) throws {
        try left.withLock { left throws in
            guard left > 0 else { throw Death() }
            left -= 1
        }
        try store.commit(changes)
    }
    func evaluation(for key: Fingerprint) throws -> Evaluation? { try store.evaluation(for: key) }
    func record(for key: RecordKey) throws -> TuningRecord? { try store.record(for: key) }
    func records(kernel: String?) throws -> [TuningRecord] { try store.records(kernel: kernel) }
    func session(id: String) throws -> Session? { try store.session(id: id) }
    func sessions() throws -> [Session] { try store.sessions() }
    func trials(session: String, entry: Int?) throws -> [Trial] {
        try store.trials(session: session, entry: entry)
    }
    func events(session: String, from first: Int, limit: Int) throws -> [Event] {
        try store.events(session: session, from: first, limit: limit)
    }
    func trialLogs(kernel: String) throws -> [TrialLog] { try store.trialLogs(kernel: kernel) }
    func priors(session: String, entry: Int) throws -> [Prior] {
        try store.priors(session: session, entry: entry)
    }
}
