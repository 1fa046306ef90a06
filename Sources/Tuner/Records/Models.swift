import KernelSpace
import WorkerProtocol

/// What a record is kept under: the best configuration for kernel, problem, target, device.
public struct RecordKey: Hashable, Codable, Sendable, Comparable {
    public var kernel: String
    /// `Problem.canonical`
    public var problem: String
    public var target: String
    public var device: Fingerprint

    public init(kernel: String, problem: String, target: String, device: Fingerprint) {
        self.kernel = kernel
        self.problem = problem
        self.target = target
        self.device = device
    }

    /// `sgemm/m=512,…/cpu-avx2/<device>`: also the key in the database.
    public var text: String { "\(kernel)/\(problem)/\(target)/\(device.short)" }

    public static func < (a: RecordKey, b: RecordKey) -> Bool { a.text < b.text }
}

/// The best configuration known, and what it was compared with.
public struct TuningRecord: Hashable, Codable, Sendable {
    public var key: RecordKey
    public var problem: Problem
    public var device: Device
    public var configuration: Configuration
    public var defaultConfiguration: Configuration
    /// Key of the evaluation of `configuration`; a record whose key no longer matches is stale.
    public var evaluation: Fingerprint
    /// Seconds a call, winner and default, from the final comparison.
    public var seconds: Double
    public var defaultSeconds: Double
    /// Work of one call.
    public var flops: Double
    public var bytes: Double
    public var figure: Kernel.Work.Figure
    public var compiler: String
    public var session: String
    /// Seconds since 1970.
    public var created: Double
    public var trials: Int
    public var failures: Int
    /// How the configuration came to hold the place, or held it; nil where it met nobody.
    public var acceptance: Acceptance?
    /// What the final comparison was made under; nil where that cannot be told.
    public var environment: EnvironmentCertificate?

    public init(
        key: RecordKey, problem: Problem, device: Device, configuration: Configuration,
        defaultConfiguration: Configuration, evaluation: Fingerprint, seconds: Double,
        defaultSeconds: Double, flops: Double, bytes: Double, figure: Kernel.Work.Figure,
        compiler: String, session: String, created: Double, trials: Int, failures: Int,
        acceptance: Acceptance? = nil, environment: EnvironmentCertificate? = nil
    ) {
        self.key = key
        self.problem = problem
        self.device = device
        self.configuration = configuration
        self.defaultConfiguration = defaultConfiguration
        self.evaluation = evaluation
        self.seconds = seconds
        self.defaultSeconds = defaultSeconds
        self.flops = flops
        self.bytes = bytes
        self.figure = figure
        self.compiler = compiler
        self.session = session
        self.created = created
        self.trials = trials
        self.failures = failures
        self.acceptance = acceptance
        self.environment = environment
    }

    /// How many times faster than the default, from the same comparison.
    public var speedup: Double { defaultSeconds / seconds }
}

/// One numbered ask–evaluate–tell of a session's entry.
public struct Trial: Hashable, Codable, Sendable {
    public var session: String
    /// Index into the session's workload.
    public var entry: Int
    /// 0 is the default configuration, where there is one.
    public var number: Int
    public var configuration: Configuration
    public var evaluationKey: Fingerprint
    public var evaluation: Evaluation
    /// True if the evaluation came from the store.
    public var reused: Bool

    public init(
        session: String, entry: Int, number: Int, configuration: Configuration,
        evaluationKey: Fingerprint, evaluation: Evaluation, reused: Bool
    ) {
        self.session = session
        self.entry = entry
        self.number = number
        self.configuration = configuration
        self.evaluationKey = evaluationKey
        self.evaluation = evaluation
        self.reused = reused
    }
}

/// When to stop: whichever comes first.
public struct Budget: Hashable, Codable, Sendable {
    /// Trials for each entry of the workload on average: the whole is divided by expected gain, and at least a quarter of it evenly.
    public var trials: Int?
    /// Wall time for the whole session, divided likewise; interruptions do not count.
    public var seconds: Double?

    public init(trials: Int? = nil, seconds: Double? = nil) {
        self.trials = trials
        self.seconds = seconds
    }
}

/// What a client asks for.
public struct SessionRequest: Hashable, Codable, Sendable {
    /// Small batches learn more often, large ones share a compiler call's first 0.4 s. With 100 trials for sgemm 512³, batches of 16 took
    /// a fifth longer than batches of 64 and found kernels 7 % faster.
    public static let defaultBatch = 16

    public var target: String
    public var workload: [WorkloadEntry]
    public var budget: Budget
    public var strategy: String
    public var seed: UInt64
    /// How many configurations are asked and compiled together.
    public var batch: Int
    /// Whether a cancelled session may still replace records.
    public var keepOnCancel: Bool
    /// Whether entries start from what other sessions and entries know of their kernels.
    public var priors: Bool
    /// What a challenger must show to replace a record or the default.
    public var acceptance: AcceptanceTerms

    public init(
        target: String, workload: [WorkloadEntry], budget: Budget, strategy: String, seed: UInt64,
        batch: Int = defaultBatch, keepOnCancel: Bool = false, priors: Bool = true,
        acceptance: AcceptanceTerms = AcceptanceTerms()
    ) {
        self.target = target
        self.workload = workload
        self.budget = budget
        self.strategy = strategy
        self.seed = seed
        self.batch = batch
        self.keepOnCancel = keepOnCancel
        self.priors = priors
        self.acceptance = acceptance
    }
}

/// One tuning run owned by the daemon.
public struct Session: Hashable, Codable, Sendable {
    public enum State: Hashable, Codable, Sendable {
        case queued, running, finished, cancelled
        case failed(message: String)

        public var isOver: Bool {
            switch self {
            case .queued, .running: false
            case .finished, .cancelled, .failed: true
            }
        }
        public var name: String {
            switch self {
            case .queued: "queued"
            case .running: "running"
            case .finished: "finished"
            case .cancelled: "cancelled"
            case .failed: "failed"
            }
        }
    }
    /// How one entry of the workload ended.
    public struct Result: Hashable, Codable, Sendable {
        public enum Decision: String, Codable, Sendable {
            /// First record, or the incumbent was beaten.
            case replaced
            /// The incumbent was not beaten.
            case kept
            /// No configuration worked.
            case noneValid
            /// Cancelled before the final comparison.
            case undecided
        }
        public var decision: Decision
        public var trials: Int
        public var failures: [String: Int]
        /// Who holds the place now; of an entry that was not compared, the best of its search.
        public var configuration: Configuration?
        public var seconds: Double?
        public var defaultSeconds: Double?
        /// The challenger and who held the place, against each other.
        public var acceptance: Acceptance?
        /// The fastest of the search, where it was not admitted because it computes other bits.
        public var passedOver: Configuration?
        /// What all its batches and the final comparison were measured under; nil where nothing was, or that cannot be told.
        public var environment: EnvironmentCertificate?

        public init(
            decision: Decision, trials: Int, failures: [String: Int], configuration: Configuration?,
            seconds: Double?, defaultSeconds: Double?, acceptance: Acceptance? = nil,
            passedOver: Configuration? = nil, environment: EnvironmentCertificate? = nil
        ) {
            self.decision = decision
            self.trials = trials
            self.failures = failures
            self.configuration = configuration
            self.seconds = seconds
            self.defaultSeconds = defaultSeconds
            self.acceptance = acceptance
            self.passedOver = passedOver
            self.environment = environment
        }
    }
    public var id: String
    public var request: SessionRequest
    public var state: State
    /// Seconds since 1970.
    public var created: Double
    /// Seconds of running so far, over all interruptions.
    public var elapsed: Double
    /// What each workload entry has taken of `elapsed`.
    public var entrySeconds: [Double]
    /// One a workload entry, nil until it is done.
    public var results: [Result?]
    public var timeSplit: TimeSplit

    public init(id: String, request: SessionRequest, created: Double) {
        self.id = id
        self.request = request
        self.created = created
        state = .queued
        elapsed = 0
        results = Array(repeating: nil, count: request.workload.count)
        entrySeconds = Array(repeating: 0, count: request.workload.count)
        timeSplit = TimeSplit()
    }
}

/// How much an entry started from.
public struct EarlierTrials: Hashable, Codable, Sendable {
    public var trials: Int
    /// Where they were made: problems, each on a target and device.
    public var problems: Int

    public init(trials: Int = 0, problems: Int = 0) {
        self.trials = trials
        self.problems = problems
    }

    public init(_ priors: [Prior]) {
        trials = priors.reduce(0) { $0 + $1.trials.count }
        problems = Set(priors.map(\.source)).count
    }
}

/// One line of a session's event stream; numbered from 0 without gaps, stored in the same commit as what it tells.
public struct Event: Hashable, Codable, Sendable {
    public enum Body: Hashable, Codable, Sendable {
        case sessionStarted
        /// Continued by a daemon that found it running.
        case sessionResumed
        /// `space` valid configurations; `best`/default follow as trials.
        case entryStarted(
            entry: Int, space: Int, figure: Kernel.Work.Figure, flops: Double, bytes: Double,
            earlier: EarlierTrials = EarlierTrials())
        case trial(Trial)
        /// What was measured under since the last of these: with every batch, and with the final comparison.
        case conditions(entry: Int, EnvironmentCertificate)
        case entryFinished(entry: Int, Session.Result, TuningRecord?)
        case sessionFinished(Session.State, TimeSplit)
        /// Not stored and not numbered (number −1): what is going on now.
        case progress(entry: Int, EvaluationPhase)
    }
    public var session: String
    public var number: Int
    /// Seconds since 1970.
    public var time: Double
    public var body: Body

    public init(session: String, number: Int, time: Double, body: Body) {
        self.session = session
        self.number = number
        self.time = time
        self.body = body
    }
}
