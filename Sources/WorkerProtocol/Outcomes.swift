/// How far a variant's results were from the reference.
public struct Verification: Hashable, Sendable {
    /// Largest |x − reference| / (absolute + relative · |reference|); at most 1 for a pass.
    public var worstToleranceShare: Double
    /// ‖x − reference‖ / ‖reference‖ on the tuned problem.
    public var relativeErrorNorm: Double
    /// Largest |x − reference| in units in the last place of the output's element type.
    ///
    /// The unit is the spacing of that type at the reference, but at least its spacing where the tolerance turns from absolute to
    /// relative: below it terms have cancelled, and the spacing there says nothing of how well they were added up.
    public var maximumULPs: Double
    /// Elements compared, on all problems.
    public var comparedElements: Int
    /// Hash of the outputs' bits on the tuned problem, padding left out; 0 where nothing was computed (a recording).
    ///
    /// Two configurations with the same hash compute the same bits from the same inputs.
    public var outputHash: UInt64

    public init(
        worstToleranceShare: Double, relativeErrorNorm: Double, maximumULPs: Double = 0,
        comparedElements: Int, outputHash: UInt64 = 0
    ) {
        self.worstToleranceShare = worstToleranceShare
        self.relativeErrorNorm = relativeErrorNorm
        self.maximumULPs = maximumULPs
        self.comparedElements = comparedElements
        self.outputHash = outputHash
    }
}

extension Verification: Codable {
    private enum CodingKeys: String, CodingKey {
        case worstToleranceShare, relativeErrorNorm, maximumULPs, comparedElements, outputHash
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let hash = try fields.decode(String.self, forKey: .outputHash)
        guard let outputHash = UInt64(hash, radix: 16) else {
            throw DecodingError.dataCorruptedError(
                forKey: .outputHash, in: fields, debugDescription: "\(hash) is not hexadecimal")
        }
        self.init(
            worstToleranceShare: try fields.decode(Double.self, forKey: .worstToleranceShare),
            relativeErrorNorm: try fields.decode(Double.self, forKey: .relativeErrorNorm),
            maximumULPs: try fields.decode(Double.self, forKey: .maximumULPs),
            comparedElements: try fields.decode(Int.self, forKey: .comparedElements),
            outputHash: outputHash)
    }

    /// The hash as hexadecimal text: many readers of JSON round numbers of 64 bits.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(worstToleranceShare, forKey: .worstToleranceShare)
        try fields.encode(relativeErrorNorm, forKey: .relativeErrorNorm)
        try fields.encode(maximumULPs, forKey: .maximumULPs)
        try fields.encode(comparedElements, forKey: .comparedElements)
        try fields.encode(String(outputHash, radix: 16), forKey: .outputHash)
    }
}

/// The samples of one candidate on one problem, and what is concluded from them.
public struct Measurement: Hashable, Codable, Sendable {
    /// Seconds a call, one value a sample, in the order taken.
    public var samples: [Double]
    /// Calls within each sample.
    public var callsPerSample: Int
    /// Seconds a call: the estimate from the samples, times the correction.
    public var seconds: Double
    /// What the reference variant took when it was first timed over what it took round these samples; nil where none was timed.
    /// What slowed the reference slowed the samples.
    public var driftCorrection: Double?
    /// Set if it was given up as slower than the best so far, which took this long, in the samples' own time.
    public var racedAgainst: Double?
    /// Samples that were thrown away and taken again, because something came between the candidate and its core.
    public var repeatedSamples: Int
    /// Those among `samples` that are no better, because as many were repeated as were taken.
    public var taintedSamples: Int
    /// What came between, in all samples that were taken, repeated ones included.
    public var disturbance: Disturbance

    public init(
        samples: [Double], callsPerSample: Int, seconds: Double, driftCorrection: Double? = nil,
        racedAgainst: Double? = nil, repeatedSamples: Int = 0, taintedSamples: Int = 0,
        disturbance: Disturbance = Disturbance()
    ) {
        self.samples = samples
        self.callsPerSample = callsPerSample
        self.seconds = seconds
        self.driftCorrection = driftCorrection
        self.racedAgainst = racedAgainst
        self.repeatedSamples = repeatedSamples
        self.taintedSamples = taintedSamples
        self.disturbance = disturbance
    }

    /// Whether there are samples and all of them are times: whoever runs foreign code may be made to say anything.
    public var isPlausible: Bool {
        !samples.isEmpty && (samples + [seconds]).allSatisfy { $0.isFinite && $0 > 0 }
    }
}

/// Why a candidate has no measurement. An `Error` only so that it can be a Result's failure; it is never thrown.
public enum Failure: Error, Hashable, Codable, Sendable {
    /// swiftc refused it, or its object needs the Swift runtime. `message` is the first diagnostic.
    case compilation(message: String)
    /// The compiler did not end in time, or was killed.
    case compilerStopped(message: String)
    /// Outputs differ from the reference: where, and both values (JSON has no NaN: values are text).
    case wrongResult(problem: String, buffer: String, index: Int, value: String, expected: String)
    /// An output element was left as it was poisoned. Every `index` counts elements from the start of the buffer, padding included.
    case unwritten(problem: String, buffer: String, index: Int)
    /// Outputs differ between two calls on the same inputs, though the manifest declares that they do not.
    case nondeterministic(
        problem: String, buffer: String, index: Int, value: String, again: String)
    /// Padding between rows, an input, or memory just outside the buffer (index negative, or past the end) was overwritten.
    case overwritten(problem: String, buffer: String, index: Int)
    /// A guard page was touched: `offset` bytes past the end (or, negative, before the start) of the buffer.
    case outOfBounds(problem: String, buffer: String, offset: Int)
    case crash(signal: Int, address: UInt64?)
    /// The variant ended the worker by exit().
    case exited(status: Int)
    /// A signal that is no fault of memory ended the worker (SIGTERM, SIGKILL …).
    case killed(signal: Int)
    case timeout(phase: String, seconds: Double)
    case outOfMemory(limit: Int)
    /// It made a system call that no kernel has use for: opened a socket, started a process, signalled another …
    case forbidden(call: String)
    /// It left a thread or a descriptor, or wrote to the reply channel.
    case misbehaved(message: String)
    /// Not the candidate's fault: disk full, worker not started …
    case infrastructure(message: String)
    /// What a recording of another tuner tells: the class, and the words it used.
    case recorded(Invalidity, message: String)

    /// The classes of failures that the exchange format of tuning results (T4) knows, under its names.
    public enum Invalidity: String, Hashable, Codable, Sendable {
        case timeout, compile, runtime, correctness, constraints
    }

    /// Whether the same candidate fails the same way again, so that it may be remembered.
    ///
    /// Wrong results are remembered once seen twice: the evaluator repeats them before it reports one.
    public var isDeterministic: Bool {
        switch self {
        case .compilation, .wrongResult, .unwritten, .nondeterministic, .overwritten, .outOfBounds,
            .forbidden, .misbehaved, .recorded:
            true
        case .crash, .exited, .compilerStopped, .killed, .timeout, .outOfMemory, .infrastructure:
            false
        }
    }

    /// The failure's name in JSON, tables and counts.
    public var code: String {
        switch self {
        case .compilation: "compilation"
        case .compilerStopped: "compilerStopped"
        case .wrongResult: "wrongResult"
        case .unwritten: "unwritten"
        case .nondeterministic: "nondeterministic"
        case .overwritten: "overwritten"
        case .outOfBounds: "outOfBounds"
        case .crash: "crash"
        case .exited: "exited"
        case .killed: "killed"
        case .timeout: "timeout"
        case .outOfMemory: "outOfMemory"
        case .forbidden: "forbidden"
        case .misbehaved: "misbehaved"
        case .infrastructure: "infrastructure"
        case .recorded: "recorded"
        }
    }

    /// The class it is told under to other tuners.
    public var invalidity: Invalidity {
        switch self {
        case .compilation, .compilerStopped: .compile
        case .wrongResult, .unwritten, .nondeterministic, .overwritten: .correctness
        case .timeout: .timeout
        case .outOfBounds, .crash, .exited, .killed, .outOfMemory, .forbidden, .misbehaved,
            .infrastructure:
            .runtime
        case .recorded(let known, _): known
        }
    }
}
