import CProcess
import Glibc
import WorkerProtocol

/// Answers requests, one at a time.
final class Worker {
    private var objects = LoadedObjects()
    private var problem: PreparedProblem?
    private let team: OpaquePointer
    /// Cores this process may use, asked before the first thread was pinned; the pinned one first.
    private var cores: [Int32]

    init?() {
        guard let team = cworker_make_team() else { return nil }
        self.team = team
        var cores = [Int32](repeating: 0, count: 1024)
        let count = Int(cworker_allowed_cores(&cores, Int32(cores.count)))
        self.cores = Array(cores.prefix(count))
    }

    func reply(to request: WorkerRequest) -> WorkerReply {
        let nonce = request.nonce
        do {
            switch request.body {
            case .prepare(let body):
                try prepare(body)
                return WorkerReply(nonce: nonce, body: .prepared)
            case .measure(let body):
                return WorkerReply(nonce: nonce, body: try measure(body, nonce: nonce))
            case .compare(let body):
                return WorkerReply(nonce: nonce, body: try compare(body, nonce: nonce))
            }
        } catch {
            return WorkerReply(
                nonce: nonce, body: .failed(error.failure, reusable: error.reusable))
        }
    }

    private func prepare(_ request: PrepareRequest) throws(WorkerFault) {
        let error = cworker_pin(Int32(request.core))
        guard error == 0 else {
            throw WorkerFault(
                .infrastructure(
                    message: "could not pin the worker to core \(request.core): "
                        + String(cString: strerror(error))))
        }
        cores.removeAll { $0 == Int32(request.core) }
        cores.insert(Int32(request.core), at: 0)
        problem = nil
        problem = try PreparedProblem(request, objects: &objects)
    }

    private func prepared() throws(WorkerFault) -> PreparedProblem {
        guard let problem else {
            throw WorkerFault(.infrastructure(message: "no problem was prepared"))
        }
        return problem
    }

    // MARK: - Measure

    private func measure(_ request: MeasureRequest, nonce: UInt64) throws(WorkerFault)
        -> WorkerReply.Body
    {
        let problem = try prepared()
        let limits = problem.request.limits
        return try guarded(
            [request.candidate], problem, nonce: nonce, phase: "verify",
            seconds: limits.verifySeconds
        ) { loaded throws(WorkerFault) in
            let begin = MonotonicTime.now
            var verifier = Verifier(loaded[0])
            let norm = try verify(&verifier, request, problem)
            cworker_end_phase()
            let middle = MonotonicTime.now
            cworker_begin_phase(nonce, "measure", limits.measureSeconds)
            let measurement = try time(&verifier, request, problem)
            let verification = Verification(
                worstToleranceShare: verifier.worstShare, relativeErrorNorm: norm,
                comparedElements: verifier.comparedElements)
            let times = WorkerTimes(
                verify: middle - begin, measure: MonotonicTime.now - middle)
            return .measured(verification, measurement, times)
        }
    }

    /// Small problems, then the tuned one; the error norm on that.
    private func verify(
        _ verifier: inout Verifier, _ request: MeasureRequest, _ problem: PreparedProblem
    ) throws(WorkerFault) -> Double {
        if !request.verifyScratch.isEmpty {
            guard request.verifyScratch.count == problem.checks.count else {
                throw WorkerFault(
                    .infrastructure(
                        message: "the request has scratch sizes for \(request.verifyScratch.count) "
                            + "verify problems of \(problem.checks.count)"))
            }
            for (checks, scratch) in zip(problem.checks, request.verifyScratch) {
                for check in checks {
                    try check.buffers.allocateScratch(scratch)
                    _ = try verifier.verify(check, inputs: problem.inputs)
                    try check.buffers.releaseScratch()
                }
            }
        }
        return try verifier.verify(problem.tuned, inputs: problem.inputs)
    }

    /// Samples, the last of them on poisoned outputs and fresh inputs: a result that was remembered, or is no longer computed once
    /// verification is over, shows there.
    private func time(
        _ verifier: inout Verifier, _ request: MeasureRequest, _ problem: PreparedProblem
    ) throws(WorkerFault) -> Measurement {
        let buffers = problem.tuned.buffers
        var sampler = Sampler(
            verifier.loaded, calls: calls(of: verifier.loaded, problem),
            sampleSeconds: request.plan.sampleSeconds, cores: cores.count)
        var samples = sampler.samples(request.plan)
        buffers.fill(problem.freshInputs)
        samples.append(sampler.finalSample())
        let fresh = PreparedProblem.Check(buffers: buffers, reference: problem.freshReference)
        _ = try verifier.check(fresh, inputs: problem.freshInputs).get()
        buffers.fill(problem.inputs)
        return sampler.measurement(samples)
    }

    private func calls(of loaded: LoadedCandidate, _ problem: PreparedProblem) -> [PreparedCall] {
        let layout = problem.request.problem
        let current = problem.tuned.buffers.buffers
        let scratch = layout.buffers.indices.filter { layout.buffers[$0].role == .scratch }
        return problem.copies.addresses.map { addresses in
            var addresses = addresses
            for index in scratch { addresses[index] = current[index].start }
            return loaded.call(addresses, layout)
        }
    }

    // MARK: - Compare

    private func compare(_ request: CompareRequest, nonce: UInt64) throws(WorkerFault)
        -> WorkerReply.Body
    {
        let problem = try prepared()
        problem.tuned.buffers.fill(problem.inputs)
        // One after the other they share the scratch of the one that needs most.
        let seconds =
            problem.request.limits.measureSeconds * Double(max(request.candidates.count, 1))
        return try guarded(
            request.candidates, problem, nonce: nonce, phase: "compare", seconds: seconds
        ) { loaded in
            var samplers = loaded.map {
                Sampler(
                    $0, calls: calls(of: $0, problem), sampleSeconds: request.sampleSeconds,
                    cores: cores.count)
            }
            var samples = [[Double]](repeating: [], count: samplers.count)
            var next = 0
            for round in 0..<max(request.rounds, 1) {
                for turn in samplers.indices {
                    // Rotating: whoever comes after a slow or a hot neighbour changes every round.
                    let index = (turn + round) % samplers.count
                    samplers[index].next = next
                    samples[index].append(samplers[index].sample())
                    next = samplers[index].next
                }
            }
            return .compared(zip(samplers, samples).map { $0.measurement($1) })
        }
    }

    // MARK: - What surrounds every candidate

    /// Loads the candidates and gives them threads, scratch and limits; runs `body` as a phase of at most `seconds`; then takes all
    /// that back and checks what they left.
    private func guarded(
        _ candidates: [Candidate], _ problem: PreparedProblem, nonce: UInt64, phase: String,
        seconds: Double, _ body: ([LoadedCandidate]) throws(WorkerFault) -> WorkerReply.Body
    ) throws(WorkerFault) -> WorkerReply.Body {
        let threads = candidates.map(\.threads).max() ?? 1
        try growTeam(threads)
        let before = ProcessState()
        let limits = problem.request.limits
        let wholeSeconds =
            limits.verifySeconds + limits.measureSeconds * Double(max(candidates.count, 1))
        cworker_begin_phase(nonce, phase, seconds)
        let outcome: Result<WorkerReply.Body, WorkerFault>
        do {
            // A constructor in the object is the candidate's code already.
            var loaded: [LoadedCandidate] = []
            for candidate in candidates {
                let function = try objects.address(of: candidate.entry)
                loaded.append(
                    LoadedCandidate(candidate: candidate, function: function, team: team))
            }
            try problem.tuned.buffers.allocateScratch(largestScratch(candidates))
            CandidateLimits.apply(
                addressSpaceSlack: limits.addressSpaceSlack,
                cpuSeconds: wholeSeconds * Double(threads))
            outcome = .success(try body(loaded))
        } catch {
            outcome = .failure(error)
        }
        CandidateLimits.lift()
        cworker_end_phase()
        try problem.tuned.buffers.releaseScratch()
        if let difference = before.difference() {
            throw WorkerFault(.misbehaved(message: difference), reusable: false)
        }
        return try outcome.get()
    }

    private func largestScratch(_ candidates: [Candidate]) -> [Int] {
        var largest = candidates.first?.scratch ?? []
        for candidate in candidates.dropFirst() {
            for (index, count) in candidate.scratch.enumerated() where index < largest.count {
                largest[index] = max(largest[index], count)
            }
        }
        return largest
    }

    private func growTeam(_ threads: Int) throws(WorkerFault) {
        let error = cworker_grow_team(team, Int32(threads), cores, Int32(cores.count))
        guard error == 0 else {
            throw WorkerFault(
                .infrastructure(
                    message: "could not start \(threads) threads: "
                        + String(cString: strerror(error))))
        }
    }
}

/// Seconds since some fixed moment.
enum MonotonicTime {
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
