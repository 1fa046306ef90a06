import KernelSpace
import WorkerProtocol

/// Answers from a recording instead of hardware.
struct RecordedEvaluator: Evaluator {
    let recorded: RecordedSpace

    func evaluate(
        _ configurations: [Configuration], standing: SearchStanding,
        finished: @Sendable (Int, [Evaluation]) async throws -> Void
    ) async throws {
        for (index, configuration) in configurations.enumerated() {
            try Task.checkCancellation()
            switch outcome(of: configuration) {
            case .measured(let seconds, let runTimes):
                let verification = Verification(
                    worstToleranceShare: 0, relativeErrorNorm: 0, comparedElements: 0)
                try await finished(
                    index,
                    [Evaluation(.measured(Self.measurement(seconds, runTimes), verification))])
            case .failed(let failure):
                try await finished(index, [Evaluation(.failed(failure))])
            }
        }
    }

    /// The recorded run times, which were not taken in rounds, but are all there is; the time alone where there are none.
    func compare(_ configurations: [Configuration], rounds: Int) async throws -> [Measurement?] {
        configurations.map {
            guard case .measured(let seconds, let runTimes) = outcome(of: $0) else { return nil }
            return Self.measurement(
                seconds,
                runTimes.isEmpty ? Array(repeating: seconds, count: rounds) : runTimes)
        }
    }

    /// A recording holds no results that could be wrong.
    func confirm(_ configuration: Configuration) async throws -> Failure? { nil }

    func key(of configuration: Configuration) -> Fingerprint {
        Fingerprint([
            ("kernel", recorded.origin.kernel), ("problem", recorded.origin.problem),
            ("device", recorded.origin.device), ("configuration", configuration.description),
            ("outcome", "\(outcome(of: configuration))"),
        ])
    }

    func timeSplit() async -> TimeSplit { TimeSplit() }
    func finish() async {}

    private func outcome(of configuration: Configuration) -> RecordedSpace.Outcome {
        guard let number = recorded.space.number(of: configuration) else {
            return .failed(.recorded(.constraints, message: "not recorded"))
        }
        return recorded.outcome(of: number)
    }

    private static func measurement(_ seconds: Double, _ runTimes: [Double]) -> Measurement {
        Measurement(
            samples: runTimes.isEmpty ? [seconds] : runTimes, callsPerSample: 1, seconds: seconds)
    }
}
