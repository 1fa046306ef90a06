import KernelSpace
import Synchronization
import Tuner
import WorkerProtocol

/// Evaluators without hardware: a configuration's time follows from its name. Evaluations wait while the gate is shut.
final class FakeProvider: EvaluatorProvider {
    private let catalogue: @Sendable () -> KernelCatalogue
    private let device: Device
    /// Evaluations that may still pass; nil: all.
    private let permits = Mutex<Int?>(nil)
    /// Part of every key: another one makes records stale.
    let compiler = Mutex("swiftc 1")

    init(device: Device, catalogue: @escaping @Sendable () -> KernelCatalogue) {
        self.device = device
        self.catalogue = catalogue
    }

    func shutGate() { allow(0) }
    func openGate() { permits.withLock { $0 = nil } }
    /// Lets that many evaluations pass, then shuts the gate.
    func allow(_ count: Int) { permits.withLock { $0 = count } }

    fileprivate func passGate() async throws {
        while !takePermit() { try await Task.sleep(for: .milliseconds(1)) }
        try Task.checkCancellation()
    }

    private func takePermit() -> Bool {
        permits.withLock { permits in
            guard let left = permits else { return true }
            guard left > 0 else { return false }
            permits = left - 1
            return true
        }
    }

    func evaluator(
        for entry: WorkloadEntry, target: String,
        progress: @escaping @Sendable (EvaluationPhase) -> Void
    ) async throws -> any Evaluator {
        progress(.compiling)
        return FakeEvaluator(provider: self, entry: entry, target: target)
    }

    func space(for entry: WorkloadEntry, target: String) throws -> (
        space: SearchSpace, defaultConfiguration: Configuration?
    ) {
        let kernel = try catalogue().kernel(named: entry.kernel)
        let target = try Target.resolve(target, on: device)
        let space = try kernel.searchSpace(for: entry.problem, target: target, device: device)
        return (space, kernel.defaultConfiguration(for: target, in: space))
    }

    func recordKey(for entry: WorkloadEntry, target: String) throws -> RecordKey {
        RecordKey(
            kernel: entry.kernel, problem: entry.problem.canonical,
            target: try Target.resolve(target, on: device).name, device: device.fingerprint)
    }

    func evaluationKey(of configuration: Configuration, for entry: WorkloadEntry, target: String)
        throws -> Fingerprint?
    {
        Fingerprint([
            ("compiler", compiler.withLock { $0 }), ("configuration", configuration.description),
            ("problem", entry.problem.canonical), ("target", target),
        ])
    }

    func facts(about entry: WorkloadEntry) throws -> EntryFacts {
        EntryFacts(
            device: device, flops: 2, bytes: 8, figure: .flops, compiler: compiler.withLock { $0 })
    }
}

private struct FakeEvaluator: Evaluator {
    let provider: FakeProvider
    let entry: WorkloadEntry
    let target: String

    func evaluate(
        _ configurations: [Configuration], standing: SearchStanding,
        finished: @Sendable (Int, [Evaluation]) async throws -> Void
    ) async throws {
        for (index, configuration) in configurations.enumerated() {
            try await provider.passGate()
            let verification = Verification(
                worstToleranceShare: 0, relativeErrorNorm: 0, comparedElements: 1)
            let measurement = measurement(of: configuration, samples: 1)
            try await finished(index, [Evaluation(.measured(measurement, verification))])
        }
    }

    func compare(_ configurations: [Configuration], rounds: Int) async throws -> [Measurement?] {
        configurations.map { measurement(of: $0, samples: rounds) }
    }

    /// Larger values are faster, so that the default, the smallest, is beaten.
    private func measurement(of configuration: Configuration, samples: Int) -> Measurement {
        let sum = configuration.values.values.reduce(0) { sum, value in
            if case .integer(let number) = value { sum + number } else { sum }
        }
        let seconds = 1e-3 / Double(1 + sum)
        return Measurement(
            samples: Array(repeating: seconds, count: samples), callsPerSample: 1, seconds: seconds)
    }

    func confirm(_ configuration: Configuration) async throws -> Failure? { nil }

    func key(of configuration: Configuration) -> Fingerprint {
        let key = try? provider.evaluationKey(of: configuration, for: entry, target: target)
        // The fake always has a key.
        return key ?? Fingerprint([])
    }

    func timeSplit() async -> TimeSplit { TimeSplit() }
    func finish() async {}
}
