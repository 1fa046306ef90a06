// What the daemon and tune-worker say to each other: one JSON frame a message (see FrameCodec).
//
// The worker knows nothing of manifests: every size, stride and argument arrives as a number.

/// The scalar type of a buffer's elements.
public enum ElementType: String, Codable, Sendable, CaseIterable {
    case float32, float64, int8, uint8, int32, bfloat16

    /// Size of one element, in bytes.
    public var size: Int {
        switch self {
        case .int8, .uint8: 1
        case .bfloat16: 2
        case .float32, .int32: 4
        case .float64: 8
        }
    }
}

/// What a variant does with a buffer.
public enum BufferRole: String, Codable, Sendable, CaseIterable {
    /// Filled before the call; must not change.
    case input
    /// Poisoned with NaN before the call; compared with the reference after it.
    case output
    /// Work space of the variant; content unspecified, not compared.
    case scratch
}

/// How the elements of an input are made, always from a seed.
public enum Fill: Hashable, Codable, Sendable {
    /// Independent and uniform in [lower, upper].
    case uniform(lower: Double, upper: Double)
    /// Every element the same.
    case constant(Double)
}

/// One buffer of one call, in numbers.
public struct BufferLayout: Hashable, Codable, Sendable {
    public var name: String
    public var role: BufferRole
    public var element: ElementType
    /// Elements along each axis, outermost first.
    public var shape: [Int]
    /// Distance between neighbours along each axis, in elements; the last is 1.
    public var strides: [Int]
    public var fill: Fill

    public init(
        name: String, role: BufferRole, element: ElementType, shape: [Int], strides: [Int],
        fill: Fill
    ) {
        self.name = name
        self.role = role
        self.element = element
        self.shape = shape
        self.strides = strides
        self.fill = fill
    }

    /// Elements from the first to one past the last, padding between rows included; 0 if any axis is empty.
    public var elementCount: Int {
        if shape.contains(0) { return 0 }
        return zip(shape, strides).reduce(1) { $0 + ($1.0 - 1) * $1.1 }
    }
}

/// One problem of one kernel, ready to be allocated and called.
public struct ProblemLayout: Hashable, Codable, Sendable {
    /// Values in the manifest's order.
    public var dimensions: [Int]
    /// In the manifest's order, scratch included.
    public var buffers: [BufferLayout]
    /// A result passes when |x − reference| ≤ absolute + relative · |reference|.
    public var absoluteTolerance: Double
    public var relativeTolerance: Double
    /// Arithmetic operations of one call; decides whether every row is compared.
    public var operations: Double

    public init(
        dimensions: [Int], buffers: [BufferLayout], absoluteTolerance: Double,
        relativeTolerance: Double, operations: Double
    ) {
        self.dimensions = dimensions
        self.buffers = buffers
        self.absoluteTolerance = absoluteTolerance
        self.relativeTolerance = relativeTolerance
        self.operations = operations
    }
}

/// A function in a shared object: a `KernelVariant` or a `KernelReference` of kernel_abi.h.
public struct EntryPoint: Hashable, Codable, Sendable {
    /// Absolute path of the shared object.
    public var object: String
    public var symbol: String

    public init(object: String, symbol: String) {
        self.object = object
        self.symbol = symbol
    }
}

/// A variant with its run-time arguments.
public struct Candidate: Hashable, Codable, Sendable {
    public var entry: EntryPoint
    /// Values of the run-time parameters, in the manifest's order, threads included.
    public var arguments: [Int]
    /// How many threads enter the variant, at least 1.
    public var threads: Int
    /// The buffers of scratch depend on the configuration: their element counts, in the order of the layout's scratch buffers.
    public var scratch: [Int]

    public init(entry: EntryPoint, arguments: [Int], threads: Int, scratch: [Int]) {
        self.entry = entry
        self.arguments = arguments
        self.threads = threads
        self.scratch = scratch
    }
}

/// Whether the caches hold the buffers when a sample starts.
public enum CachePolicy: String, Codable, Sendable, CaseIterable {
    /// The same buffers call after call.
    case hot
    /// Calls rotate through copies that exceed the last-level cache.
    case cold
}

/// How samples are taken. The defaults serve the search, which only has to find the finalists: they are measured again against each other.
public struct SamplingPlan: Hashable, Codable, Sendable {
    /// Most that the timer may be off by, as a share of a sample. It makes the length of a sample: short calls are repeated within
    /// one. A timer good to 40 ns makes samples of 0.4 ms, one good to 1 µs samples of 10 ms.
    public var timerError: Double
    /// Bounds of the number of samples.
    public var minimumSamples: Int
    public var maximumSamples: Int
    /// Sampling stops when half the 95 % interval of the estimate is narrower than this share of it: ±1 %.
    public var relativePrecision: Double
    /// Sampling stops after this time, the minimum of samples permitting.
    public var maximumSeconds: Double
    /// Whether candidates that are clearly slower than the best are given up early.
    public var isRacing: Bool

    public init(
        timerError: Double = 1e-4, minimumSamples: Int = 7, maximumSamples: Int = 30,
        relativePrecision: Double = 0.01, maximumSeconds: Double = 0.06, isRacing: Bool = true
    ) {
        self.timerError = timerError
        self.minimumSamples = minimumSamples
        self.maximumSamples = maximumSamples
        self.relativePrecision = relativePrecision
        self.maximumSeconds = maximumSeconds
        self.isRacing = isRacing
    }
}

/// What a worker may use, per candidate. Enforced by the worker on itself and by whoever started it.
public struct WorkerLimits: Hashable, Codable, Sendable {
    /// Address space beyond what the worker and its buffers take, in bytes.
    public var addressSpaceSlack: Int
    /// Wall time of the verification, of one call, of the whole measurement, in seconds.
    public var verifySeconds: Double
    public var measureSeconds: Double

    public init(
        addressSpaceSlack: Int = 1 << 30, verifySeconds: Double = 10, measureSeconds: Double = 20
    ) {
        self.addressSpaceSlack = addressSpaceSlack
        self.verifySeconds = verifySeconds
        self.measureSeconds = measureSeconds
    }
}

/// The problem a worker works on until it gets another: allocated, filled, its reference computed (or read from `referenceCache`).
public struct PrepareRequest: Codable, Sendable {
    public var reference: EntryPoint
    /// The problem that is tuned.
    public var problem: ProblemLayout
    /// The small problems on which each variant is verified first.
    public var verifyProblems: [ProblemLayout]
    public var seed: UInt64
    public var cachePolicy: CachePolicy
    /// A folder for reference results that outlives the worker; content-addressed, checked by a checksum.
    public var referenceCache: String
    /// Core that the worker's first thread is pinned to.
    public var core: Int
    public var limits: WorkerLimits
    /// Whether candidates are only compared, so that nothing to verify them by is made.
    public var onlyCompares = false

    public init(
        reference: EntryPoint, problem: ProblemLayout, verifyProblems: [ProblemLayout],
        seed: UInt64, cachePolicy: CachePolicy, referenceCache: String, core: Int,
        limits: WorkerLimits
    ) {
        self.reference = reference
        self.problem = problem
        self.verifyProblems = verifyProblems
        self.seed = seed
        self.cachePolicy = cachePolicy
        self.referenceCache = referenceCache
        self.core = core
        self.limits = limits
    }
}

/// Verify a candidate on the small problems (scratch sizes given for each), then on the tuned problem, then time it.
public struct MeasureRequest: Codable, Sendable {
    public var candidate: Candidate
    /// Scratch element counts of the candidate for each verify problem; empty when the specialization passed before.
    public var verifyScratch: [[Int]]
    public var plan: SamplingPlan
    /// What it is raced against; nil for all samples of the plan.
    public var racing: Racing?

    public init(
        candidate: Candidate, verifyScratch: [[Int]], plan: SamplingPlan, racing: Racing? = nil
    ) {
        self.candidate = candidate
        self.verifyScratch = verifyScratch
        self.plan = plan
        self.racing = racing
    }
}

/// Time verified candidates against each other: every round samples each once, in rotating order.
public struct CompareRequest: Codable, Sendable {
    public var candidates: [Candidate]
    public var rounds: Int
    /// As in SamplingPlan.
    public var timerError: Double

    public init(candidates: [Candidate], rounds: Int, timerError: Double) {
        self.candidates = candidates
        self.rounds = rounds
        self.timerError = timerError
    }
}

/// A message to the worker.
public struct WorkerRequest: Codable, Sendable {
    public enum Body: Codable, Sendable {
        case prepare(PrepareRequest)
        case measure(MeasureRequest)
        case compare(CompareRequest)
    }
    /// Random; the reply must repeat it.
    public var nonce: UInt64
    public var body: Body

    public init(nonce: UInt64, body: Body) {
        self.nonce = nonce
        self.body = body
    }
}

/// A message from the worker.
public struct WorkerReply: Codable, Sendable {
    public enum Body: Codable, Sendable {
        case prepared
        case measured(Verification, Measurement, WorkerTimes)
        /// One measurement a candidate, sample i of each taken in round i.
        case compared([Measurement])
        /// The candidate failed. `reusable` is false when the worker must be replaced.
        case failed(Failure, reusable: Bool)
    }
    public var nonce: UInt64
    public var body: Body

    public init(nonce: UInt64, body: Body) {
        self.nonce = nonce
        self.body = body
    }
}

/// Where the worker's time went for one candidate, in seconds.
public struct WorkerTimes: Hashable, Codable, Sendable {
    public var verify: Double
    public var measure: Double

    public init(verify: Double, measure: Double) {
        self.verify = verify
        self.measure = measure
    }
}
