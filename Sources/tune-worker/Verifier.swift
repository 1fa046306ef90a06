import CProcess
import WorkerProtocol

/// A candidate that is loaded and has its threads.
struct LoadedCandidate {
    let candidate: Candidate
    let function: UnsafeMutableRawPointer
    let team: OpaquePointer
    let limits: WorkerLimits
    /// What a call of the tuned problem was seen to take, in seconds; smaller problems take less.
    var seenCallSeconds: Double

    /// One call with these buffers.
    func call(_ buffers: [UnsafeMutableRawPointer], _ layout: ProblemLayout) -> PreparedCall {
        PreparedCall(
            buffers: buffers, dimensions: layout.dimensions, arguments: candidate.arguments,
            threads: candidate.threads, team: team)
    }

    /// Calls it `repetitions` times, rotating through `calls`; the seconds it took.
    @discardableResult
    func run(_ calls: [PreparedCall], first: Int = 0, repetitions: Int = 1) -> Double {
        cworker_begin_call(limits.callSeconds(repetitions, seen: seenCallSeconds))
        defer { cworker_end_call() }
        let pointers = calls.map { Optional(UnsafeRawPointer($0.call)) }
        return pointers.withUnsafeBufferPointer { pointers in
            guard let start = pointers.baseAddress else { return 0 }
            return start.withMemoryRebound(to: UnsafeRawPointer.self, capacity: pointers.count) {
                cworker_sample(
                    team, Int32(candidate.threads), function, $0, Int64(pointers.count),
                    Int64(first), Int64(repetitions))
            }
        }
    }
}

/// Proves a candidate right on one problem.
struct Verifier {
    private(set) var loaded: LoadedCandidate
    private(set) var worstShare = 0.0
    private(set) var maximumULPs = 0.0
    private(set) var comparedElements = 0
    /// What the last call took, in seconds.
    private(set) var callSeconds = 0.0

    init(_ loaded: LoadedCandidate) { self.loaded = loaded }

    /// Calls the candidate on poisoned outputs and checks all it may and may not write; scratch is allocated already.
    ///
    /// A failure is seen twice before it is reported. One that does not come again is a race or unwritten memory taken for data:
    /// `.misbehaved`, because such a variant cannot be trusted to be right next time.
    /// Returns the error norm. Throws the failure.
    mutating func verify(_ check: PreparedProblem.Check, inputs: Inputs) throws(WorkerFault)
        -> Double
    {
        switch attempt(check, inputs: inputs) {
        case .success(let norm):
            return norm
        case .failure(let first):
            guard case .failure = attempt(check, inputs: inputs) else {
                throw WorkerFault(
                    .misbehaved(
                        message: "the same inputs gave a wrong result once and a right one once "
                            + "(\(first.failure))"))
            }
            throw first
        }
    }

    private mutating func attempt(_ check: PreparedProblem.Check, inputs: Inputs)
        -> Result<Double, WorkerFault>
    {
        let buffers = check.buffers
        buffers.fill(inputs)
        callSeconds = loaded.run([loaded.call(buffers.buffers.map(\.start), buffers.layout)])
        return self.check(check, inputs: inputs)
    }

    /// Checks what a call that was made before left.
    mutating func check(_ check: PreparedProblem.Check, inputs: Inputs) -> Result<
        Double, WorkerFault
    > {
        var comparison = Comparison(check.buffers.layout)
        let failure =
            check.buffers.checkUntouched(inputs)
            ?? check.buffers.compareOutputs(with: check.reference, &comparison)
        if let failure { return .failure(WorkerFault(failure)) }
        worstShare = max(worstShare, comparison.worstShare)
        maximumULPs = max(maximumULPs, comparison.maximumULPs)
        comparedElements += comparison.count
        return .success(comparison.relativeErrorNorm)
    }

    /// From here on calls may take as long as the last one says.
    mutating func adoptCallSeconds() { loaded.seenCallSeconds = callSeconds }

    /// What all that was verified so far comes to.
    func verification(norm: Double, hash: UInt64) -> Verification {
        Verification(
            worstToleranceShare: worstShare, relativeErrorNorm: norm, maximumULPs: maximumULPs,
            comparedElements: comparedElements, outputHash: hash)
    }

    /// As `verify`, `times` times on the same inputs. Throws the failure, also where the bits differ and must not.
    mutating func verify(
        _ check: PreparedProblem.Check, inputs: Inputs, times: Int, sameBits: Bool
    ) throws(WorkerFault) -> Double {
        let norm = try verify(check, inputs: inputs)
        let outputs = sameBits ? check.buffers.outputs() : []
        for _ in 1..<max(times, 1) {
            _ = try verify(check, inputs: inputs)
            if sameBits, let difference = check.buffers.firstDifference(from: outputs) {
                throw WorkerFault(difference)
            }
        }
        return norm
    }
}
