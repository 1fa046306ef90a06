import KernelSpace

/// The evaluators of a session's entries: each is made when it is first needed, and only one at a time has workers.
actor EvaluatorPool {
    private let workload: [WorkloadEntry]
    private let target: String
    private let provider: any EvaluatorProvider
    private let progress: @Sendable (Int, EvaluationPhase) -> Void

    private var evaluators: [Int: any Evaluator] = [:]
    private var current: Int?
    /// Of those that have no workers now.
    private var splits: [Int: TimeSplit] = [:]

    init(
        workload: [WorkloadEntry], target: String, provider: any EvaluatorProvider,
        progress: @escaping @Sendable (Int, EvaluationPhase) -> Void
    ) {
        self.workload = workload
        self.target = target
        self.provider = provider
        self.progress = progress
    }

    /// The evaluator of an entry; the workers of the one that was used before end.
    func evaluator(of entry: Int) async throws -> any Evaluator {
        if entry != current { await release() }
        if let evaluator = evaluators[entry] {
            current = entry
            return evaluator
        }
        let evaluator = try await provider.evaluator(for: workload[entry], target: target) {
            [progress] in progress(entry, $0)
        }
        evaluators[entry] = evaluator
        current = entry
        return evaluator
    }

    /// What the evaluator of an entry has measured under since this was last asked; nil for nothing.
    func takeCertificate(of entry: Int) async -> EnvironmentCertificate? {
        await evaluators[entry]?.takeCertificate()
    }

    /// Ends the workers; the next use starts others.
    func release() async {
        guard let entry = current, let evaluator = evaluators[entry] else { return }
        splits[entry] = await evaluator.timeSplit()
        await evaluator.finish()
        current = nil
    }

    /// Of all evaluators together.
    func timeSplit() async -> TimeSplit {
        var sum = TimeSplit()
        for (entry, split) in splits where entry != current { sum.add(split) }
        if let current, let evaluator = evaluators[current] {
            sum.add(await evaluator.timeSplit())
        }
        return sum
    }
}

extension TimeSplit {
    /// Adds the parts that an evaluator knows; the total is the session's own.
    mutating func add(_ other: TimeSplit) {
        compile += other.compile
        verify += other.verify
        measure += other.measure
    }
}
