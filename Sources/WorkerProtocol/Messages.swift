// What the daemon and tune-worker say to each other: one JSON frame a message (see FrameCodec).
//
// The worker knows nothing of manifests: every size, stride and argument arrives as a number.

/// The type of a buffer's elements: scalars, and the blocks of 32 quantised weights of GGUF files.
public enum ElementType: String, Codable, Sendable, CaseIterable {
    case float32, float64, int8, uint8, int32, float16, bfloat16
    /// A float16 scale, then 32 int8: value i is scale · q[i].
    case q8_0
    /// A float16 scale, then 16 bytes: value i is scale · (low nibble of byte i − 8), value 16 + i the same of its high nibble.
    case q4_0

    /// Size of one element, in bytes.
    public var size: Int {
        switch self {
        case .int8, .uint8: 1
        case .float16, .bfloat16: 2
        case .float32, .int32: 4
        case .float64: 8
        case .q4_0: 18
        case .q8_0: 34
        }
    }

    /// Whether an element is a block of values: inputs only.
    public var isBlock: Bool { self == .q8_0 || self == .q4_0 }
    /// Whether Swift has vectors of it.
    public var hasVectors: Bool { ![.float16, .bfloat16, .q8_0, .q4_0].contains(self) }
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

/// What is left to a worker once its problem is prepared, before it loads a candidate.
public struct Confinement: Hashable, Codable, Sendable {
    /// Files and folders that it may read, itself in /proc aside.
    public var readable: [String]
    /// Its own folder, where it may make files.
    public var folder: String
    /// Bytes of any one file.
    public var fileBytes: Int
    /// Whether it takes access to files from itself by Landlock; where bubblewrap guards, it has no more than this from the start.
    public var usesLandlock: Bool
    /// Whether it takes system calls from itself. It does that before it loads the reference.
    public var filtersSystemCalls: Bool

    public init(
        readable: [String], folder: String, fileBytes: Int, usesLandlock: Bool,
        filtersSystemCalls: Bool
    ) {
        self.readable = readable
        self.folder = folder
        self.fileBytes = fileBytes
        self.usesLandlock = usesLandlock
        self.filtersSystemCalls = filtersSystemCalls
    }
}

/// What a worker may use, per candidate. Enforced by the worker on itself and by whoever started it.
///
/// Wall times are in seconds. What a call may take follows from what calls were seen to take: while a candidate is verified, the
/// fastest verified call of the tuned problem so far, the reference's own among them; while it is sampled, its own verified call; where
/// verified candidates are confirmed or compared, the reference's. Time spent waiting for the measuring lock, for a worker or for
/// an object to load is not part of it.
public struct WorkerLimits: Hashable, Codable, Sendable {
    /// A call, or a sample of calls, may take this many times what was seen.
    public static let callFactor = 10.0
    /// Loading an object: it may lie on a cold disk.
    public static let loadSeconds = 10.0

    /// Address space beyond what the worker and its buffers take, in bytes.
    public var addressSpaceSlack: Int
    /// What a call or a sample may take at least, however short calls are.
    public var leastCallSeconds: Double
    /// The whole verification, the whole measurement: bounds for what is made of many calls, each within its own time. Where calls
    /// take more than a second they are that much longer.
    public var verifySeconds: Double
    public var measureSeconds: Double

    public init(
        addressSpaceSlack: Int = 1 << 30, leastCallSeconds: Double = 1,
        verifySeconds: Double = 10, measureSeconds: Double = 20
    ) {
        self.addressSpaceSlack = addressSpaceSlack
        self.leastCallSeconds = leastCallSeconds
        self.verifySeconds = verifySeconds
        self.measureSeconds = measureSeconds
    }

    /// What `calls` calls in a row may take, where one was seen to take `seen`.
    public func callSeconds(_ calls: Int = 1, seen: Double) -> Double {
        max(leastCallSeconds, Self.callFactor * seen * Double(calls))
    }

    /// A confirmation on the same inputs `repetitions` times over.
    public func confirmSeconds(_ repetitions: Int) -> Double {
        verifySeconds * Double(1 + repetitions)
    }

    /// The limits where a call was seen to take `seen`.
    public func adapted(toCalls seen: Double) -> WorkerLimits {
        var limits = self
        limits.verifySeconds *= max(1, seen)
        limits.measureSeconds *= max(1, seen)
        return limits
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
    /// Set by whoever starts the worker, as are the next three.
    public var confinement: Confinement?
    /// The fastest verified call of the tuned problem that an earlier worker has seen, in seconds.
    public var seenCallSeconds: Double?
    /// Whether candidates are only compared, so that nothing to verify them by is made.
    public var onlyCompares = false
    /// What the reference takes for the tuned problem, in seconds, as an earlier worker found: for one that only compares.
    public var referenceSeconds: Double?

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

/// Verify a candidate more thoroughly, before it is recorded: on every verify problem in both placements, on the tuned problem with two
/// sets of inputs, and again and again on the same inputs.
public struct ConfirmRequest: Codable, Sendable {
    public var candidate: Candidate
    /// Scratch element counts of the candidate for each verify problem.
    public var verifyScratch: [[Int]]
    /// Calls on the same inputs, for each problem, at least 1: what races shows in some of them.
    public var repetitions: Int
    /// Whether all of them must give the same bits.
    public var isDeterministic: Bool

    public init(
        candidate: Candidate, verifyScratch: [[Int]], repetitions: Int, isDeterministic: Bool
    ) {
        self.candidate = candidate
        self.verifyScratch = verifyScratch
        self.repetitions = repetitions
        self.isDeterministic = isDeterministic
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
        case confirm(ConfirmRequest)
        case compare(CompareRequest)

        /// Whether it takes no references.
        public var isComparison: Bool {
            if case .compare = self { true } else { false }
        }
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
        /// What the reference takes for the tuned problem.
        case prepared(referenceSeconds: Double)
        case measured(Verification, Measurement, WorkerTimes)
        case confirmed(Verification)
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
    /// The verified call of the tuned problem.
    public var call: Double

    public init(verify: Double, measure: Double, call: Double) {
        self.verify = verify
        self.measure = measure
        self.call = call
    }
}
