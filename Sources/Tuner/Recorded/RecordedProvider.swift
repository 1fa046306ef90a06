import KernelSpace

/// Makes evaluators of a recorded space, so that the whole engine runs without its device.
public struct RecordedProvider: EvaluatorProvider {
    private let recorded: RecordedSpace

    public init(_ recorded: RecordedSpace) { self.recorded = recorded }

    /// What a session on the recording tunes.
    public var entry: WorkloadEntry {
        WorkloadEntry(kernel: recorded.origin.kernel, problem: Problem(dimensions: []))
    }

    public func evaluator(
        for entry: WorkloadEntry, target: String,
        progress: @escaping @Sendable (EvaluationPhase) -> Void
    ) async throws -> any Evaluator { RecordedEvaluator(recorded: recorded) }

    /// A recording names no default.
    public func space(for entry: WorkloadEntry, target: String) throws -> (
        space: SearchSpace, defaultConfiguration: Configuration?
    ) { (recorded.space, nil) }

    public func recordKey(for entry: WorkloadEntry, target: String) throws -> RecordKey {
        RecordKey(
            kernel: recorded.origin.kernel, problem: recorded.origin.problem, target: target,
            device: device.fingerprint)
    }

    /// A recording knows the time of a call, not its work.
    public func facts(about entry: WorkloadEntry) throws -> EntryFacts {
        EntryFacts(device: device, flops: 0, bytes: 0, figure: .flops, compiler: "recorded")
    }

    private var device: Device {
        Device(
            vendor: "recorded", family: 0, model: 0, stepping: 0, brand: recorded.origin.device,
            microcode: "", cores: 0, caches: [], hypervisor: nil, features: [])
    }
}
