import KernelSpace
import WorkerProtocol

/// Outcome of trying a configuration.
public struct Evaluation: Hashable, Codable, Sendable {
    public enum Outcome: Hashable, Codable, Sendable {
        case measured(Measurement, Verification)
        case failed(Failure)
    }
    public var outcome: Outcome

    public init(_ outcome: Outcome) { self.outcome = outcome }

    /// Seconds a call; nil for a failure.
    public var seconds: Double? {
        if case .measured(let measurement, _) = outcome { measurement.seconds } else { nil }
    }
    public var failure: Failure? {
        if case .failed(let failure) = outcome { failure } else { nil }
    }
    /// Whether it was measured only until it was clearly slower than the best.
    public var isGivenUp: Bool {
        if case .measured(let measurement, _) = outcome {
            measurement.racedAgainst != nil
        } else {
            false
        }
    }
}

/// Where a session's time went, in seconds of wall time.
public struct TimeSplit: Hashable, Codable, Sendable {
    public var compile = 0.0
    public var verify = 0.0
    public var measure = 0.0
    public var total = 0.0
    /// Everything else: searching, storing, starting workers.
    public var rest: Double { total - compile - verify - measure }

    public init() {}
}

/// What an evaluator is busy with: for progress lines, never stored.
public enum EvaluationPhase: String, Codable, Sendable {
    case compiling, measuring, comparing
}

/// What a search knows when it has something evaluated.
public struct SearchStanding: Hashable, Sendable {
    /// A configuration whose time says how fast the machine is.
    public struct Reference: Hashable, Sendable {
        public var configuration: Configuration
        /// What it took when it was first timed.
        public var seconds: Double

        public init(configuration: Configuration, seconds: Double) {
            self.configuration = configuration
            self.seconds = seconds
        }
    }
    /// Seconds a call of the best so far: clearly slower candidates may be given up early.
    public var best: Double?
    /// What all times are corrected by; nil as long as nothing worked.
    public var reference: Reference?

    public init(best: Double? = nil, reference: Reference? = nil) {
        self.best = best
        self.reference = reference
    }
}

/// The only way to touch hardware: configurations in, evaluations out, for one (kernel, problem, target).
public protocol Evaluator: Sendable {
    /// Evaluates in order, in the light of what is known so far, calling `finished(index, evaluations)` with those from `index` on as they are ready, one or several whose times are
    /// corrected together; a candidate's failure is an evaluation, an error is the evaluator's own. Stops between candidates when the task is cancelled (CancellationError).
    func evaluate(
        _ configurations: [Configuration], standing: SearchStanding,
        finished: @Sendable (Int, [Evaluation]) async throws -> Void
    ) async throws

    /// Times configurations against each other in a new worker, interleaved: one measurement each (sample i of all from round i), nil
    /// where one failed.
    func compare(_ configurations: [Configuration], rounds: Int) async throws -> [Measurement?]

    /// Verifies a measured configuration further, before it is recorded: on other inputs, on problems whose sizes no tile divides, and
    /// again and again. Nil if it is right everywhere.
    func confirm(_ configuration: Configuration) async throws -> Failure?

    /// What this configuration's evaluation is stored under; everything that could change it is in the hash.
    func key(of configuration: Configuration) -> Fingerprint

    /// Under which conditions measurements were made since this was last asked; nil for none, or where that cannot be told.
    func takeCertificate() async -> EnvironmentCertificate?

    /// Time spent so far in compiling, verifying, measuring (`total` left 0).
    func timeSplit() async -> TimeSplit

    /// Releases workers.
    func finish() async
}

extension Evaluator {
    /// For evaluators that touch no hardware.
    public func takeCertificate() async -> EnvironmentCertificate? { nil }
}

/// Makes the evaluator of one entry of a session's workload.
public protocol EvaluatorProvider: Sendable {
    /// Throws TunerError when the kernel, problem or target is unknown or cannot be compiled or run here.
    func evaluator(
        for entry: WorkloadEntry, target: String,
        progress: @escaping @Sendable (EvaluationPhase) -> Void
    ) async throws -> any Evaluator

    /// Space and default of an entry; also what a session validates before it is accepted.
    func space(for entry: WorkloadEntry, target: String) throws -> (
        space: SearchSpace, defaultConfiguration: Configuration?
    )

    /// What a record of this entry is kept under.
    func recordKey(for entry: WorkloadEntry, target: String) throws -> RecordKey

    /// What an evaluation of `configuration` would be stored under now, as `Evaluator.key` says; nil without a compiler.
    /// Throws TunerError when the kernel, problem or target is unknown.
    func evaluationKey(of configuration: Configuration, for entry: WorkloadEntry, target: String)
        throws -> Fingerprint?

    /// What a record says besides its configuration.
    func facts(about entry: WorkloadEntry) throws -> EntryFacts
}

extension EvaluatorProvider {
    /// For providers that cannot tell.
    public func evaluationKey(
        of configuration: Configuration, for entry: WorkloadEntry, target: String
    ) throws -> Fingerprint? { nil }
}

/// What is the same for every configuration of an entry.
public struct EntryFacts: Hashable, Sendable {
    public var device: Device
    /// Work of one call.
    public var flops: Double
    public var bytes: Double
    public var figure: Kernel.Work.Figure
    /// Build id of the compiler.
    public var compiler: String

    public init(
        device: Device, flops: Double, bytes: Double, figure: Kernel.Work.Figure, compiler: String
    ) {
        self.device = device
        self.flops = flops
        self.bytes = bytes
        self.figure = figure
        self.compiler = compiler
    }
}
