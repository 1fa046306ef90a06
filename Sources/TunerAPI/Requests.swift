/// What a client sends to start a session; the daemon makes a `SessionRequest` of it.
public struct CreateSession: Hashable, Codable, Sendable {
    /// A kernel to tune.
    public struct Entry: Hashable, Codable, Sendable {
        /// Its name, as `Route.kernels` lists it.
        public var kernel: String
        /// Dimensions by name; those left out get the manifest's defaults. Nil: every representative problem of the kernel.
        public var problem: [String: Int]?

        /// One problem of a kernel, or all that represent it.
        public init(kernel: String, problem: [String: Int]? = nil) {
            self.kernel = kernel
            self.problem = problem
        }
    }
    /// A target's name; `cpu-native` for the best this device can run.
    public var target: String
    /// Nil or empty: every built-in kernel on its representative problems.
    public var kernels: [Entry]?
    /// Trials for each problem on average. Nil here and in `seconds`: the daemon's default, which for `exhaustive` is the whole space.
    public var trials: Int?
    /// Wall time for the whole session, final comparisons included.
    public var seconds: Double?
    /// A strategy's name; nil for the daemon's default.
    public var strategy: String?
    /// Nil: the daemon chooses one, which the session shows.
    public var seed: UInt64?
    /// How many configurations are asked and compiled together; nil for the daemon's default.
    public var batch: Int?
    /// Whether the session may still replace records when it is cancelled.
    public var keep: Bool?
    /// Whether problems start from what is known of their kernels already; nil for yes.
    public var priors: Bool?
    /// Probability that the interval by which a record changes is right; nil for 0.99.
    public var confidence: Double?
    /// Least share of its holder's time by which a record is beaten; nil for 0.01.
    public var leastEffect: Double?
    /// Whether a record changes only to a configuration that computes the same bits; nil for no.
    public var bitwiseStable: Bool?

    /// Only the target is needed; what is nil is the daemon's choice.
    public init(
        target: String, kernels: [Entry]? = nil, trials: Int? = nil, seconds: Double? = nil,
        strategy: String? = nil, seed: UInt64? = nil, batch: Int? = nil, keep: Bool? = nil,
        priors: Bool? = nil, confidence: Double? = nil, leastEffect: Double? = nil,
        bitwiseStable: Bool? = nil
    ) {
        self.target = target
        self.kernels = kernels
        self.trials = trials
        self.seconds = seconds
        self.strategy = strategy
        self.seed = seed
        self.batch = batch
        self.keep = keep
        self.priors = priors
        self.confidence = confidence
        self.leastEffect = leastEffect
        self.bitwiseStable = bitwiseStable
    }
}

/// What a session can be exported as.
public enum ExportFormat: String, CaseIterable, Sendable {
    /// Trials in the exchange format of tuning results.
    case t4
    /// The search space in the exchange format of tuning problems.
    case t1
}

/// A folder to add to the kernel path; the daemon remembers it.
public struct AddKernels: Hashable, Codable, Sendable {
    /// Absolute, as the daemon sees it.
    public var folder: String

    /// `folder` is absolute.
    public init(folder: String) { self.folder = folder }
}
