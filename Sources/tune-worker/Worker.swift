import CProcess
import CThreadTeam
import Glibc
import WorkerProtocol

/// Answers requests, one at a time.
final class Worker {
    private var objects = LoadedObjects()
    private var problem: PreparedProblem?
    /// The fastest call of the tuned problem that was verified, the reference's among them, in seconds: see WorkerLimits.
    private var seenCallSeconds = 0.0
    private let team: OpaquePointer
    /// Cores this process may use, asked before the first thread was pinned; the pinned one first.
    private var cores: [Int32]
    private let timer = SampleTimer()

    init?() {
        guard let team = thread_team_make({ _ = cworker_use_alternate_stack() }) else { return nil }
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
                return WorkerReply(
                    nonce: nonce, body: .prepared(referenceSeconds: try prepared().referenceSeconds)
                )
            case .measure(let body):
                return WorkerReply(nonce: nonce, body: try measure(body, nonce: nonce))
            case .confirm(let body):
                return WorkerReply(nonce: nonce, body: try confirm(body, nonce: nonce))
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
        try request.confinement?.filterSystemCalls()
        let prepared = try PreparedProblem(request, objects: &objects)
        try request.confinement?.restrictFiles()
        seenCallSeconds = min(request.seenCallSeconds ?? .infinity, prepared.referenceSeconds)
        problem = prepared
    }

    private func prepared() throws(WorkerFault) -> PreparedProblem {
        guard let problem else {
            throw WorkerFault(.infrastructure(message: "no problem was prepared"))
        }
        return problem
    }

    private func verifiable() throws(WorkerFault) -> PreparedProblem {
        let problem = try prepared()
        guard !problem.request.onlyCompares else {
            throw WorkerFault(
                .infrastructure(message: "the worker was started to compare, not to verify"))
        }
        return problem
    }

    // MARK: - Measure

    private func measure(_ request: MeasureRequest, nonce: UInt64) throws(WorkerFault)
        -> WorkerReply.Body
    {
        let problem = try verifiable()
        let limits = problem.request.limits.adapted(toCalls: seenCallSeconds)
        return try guarded(
            [request.candidate], problem, nonce: nonce, phase: "verify",
            seconds: limits.verifySeconds, seen: seenCallSeconds
        ) { loaded throws(WorkerFault) in
            let begin = MonotonicTime.now
            var verifier = Verifier(loaded[0])
            let norm = try verify(&verifier, request, problem)
            let call = verifier.callSeconds
            verifier.adoptCallSeconds()
            let hash = problem.tuned.buffers.outputHash()
            cworker_end_phase()
            let middle = MonotonicTime.now
            cworker_begin_phase(nonce, "measure", limits.measureSeconds)
            let measurement = try time(&verifier, request, problem)
            seenCallSeconds = min(seenCallSeconds, call)
            let verification = verifier.verification(norm: norm, hash: hash)
            let times = WorkerTimes(
                verify: middle - begin, measure: MonotonicTime.now - middle, call: call)
            return .measured(verification, measurement, times)
        }
    }

    /// Small problems, then the tuned one; the error norm on that.
    private func verify(
        _ verifier: inout Verifier, _ request: MeasureRequest, _ problem: PreparedProblem
    ) throws(WorkerFault) -> Double {
        if !request.verifyScratch.isEmpty {
            try forEachCheck(of: problem, scratch: request.verifyScratch) {
                check throws(WorkerFault) in
                _ = try verifier.verify(check, inputs: problem.inputs)
            }
        }
        return try verifier.verify(problem.tuned, inputs: problem.inputs)
    }

    /// The verify problems in both placements, each with its scratch.
    private func forEachCheck(
        of problem: PreparedProblem, scratch: [[Int]],
        _ body: (PreparedProblem.Check) throws(WorkerFault) -> Void
    ) throws(WorkerFault) {
        guard scratch.count == problem.checks.count else {
            throw WorkerFault(
                .infrastructure(
                    message: "the request has scratch sizes for \(scratch.count) verify problems "
                        + "of \(problem.checks.count)"))
        }
        for (checks, counts) in zip(problem.checks, scratch) {
            for check in checks {
                try check.buffers.allocateScratch(counts)
                try body(check)
                try check.buffers.releaseScratch()
            }
        }
    }

    // MARK: - Confirm

    private func confirm(_ request: ConfirmRequest, nonce: UInt64) throws(WorkerFault)
        -> WorkerReply.Body
    {
        let problem = try verifiable()
        let limits = problem.request.limits.adapted(toCalls: problem.referenceSeconds)
        // Every problem is called as often as a verification calls the tuned one, so many times over.
        return try guarded(
            [request.candidate], problem, nonce: nonce, phase: "confirm",
            seconds: limits.confirmSeconds(request.repetitions), seen: problem.referenceSeconds
        ) { loaded throws(WorkerFault) in
            var verifier = Verifier(loaded[0])
            try forEachCheck(of: problem, scratch: request.verifyScratch) {
                check throws(WorkerFault) in
                _ = try verifier.verify(
                    check, inputs: problem.inputs, times: request.repetitions,
                    sameBits: request.isDeterministic)
            }
            let fresh = PreparedProblem.Check(
                buffers: problem.tuned.buffers, reference: problem.freshReference)
            _ = try verifier.verify(fresh, inputs: problem.freshInputs)
            let norm = try verifier.verify(
                problem.tuned, inputs: problem.inputs, times: request.repetitions,
                sameBits: request.isDeterministic)
            return .confirmed(
                verifier.verification(norm: norm, hash: problem.tuned.buffers.outputHash()))
        }
    }

    /// Samples, the last of them on poisoned outputs and fresh inputs: a result that was remembered, or is no longer computed once
    /// verification is over, shows there.
    private func time(
        _ verifier: inout Verifier, _ request: MeasureRequest, _ problem: PreparedProblem
    ) throws(WorkerFault) -> Measurement {
        let buffers = problem.tuned.buffers
        var sampler = Sampler(
            verifier.loaded, calls: calls(of: verifier.loaded, problem),
            sampleSeconds: timer.sampleSeconds(error: request.plan.timerError),
            cores: cores.count, racing: request.racing)
        var samples: [Double] = []
        // What was given up will not be used, so it has no reason to cheat.
        if sampler.take(request.plan, into: &samples) { return sampler.measurement(samples) }
        buffers.fill(problem.freshInputs)
        samples.append(sampler.finalSample())
        let fresh = PreparedProblem.Check(buffers: buffers, reference: problem.freshReference)
        _ = try verifier.check(fresh, inputs: problem.freshInputs).get()
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
        let limits = problem.request.limits.adapted(toCalls: problem.referenceSeconds)
        let seconds = limits.measureSeconds * Double(max(request.candidates.count, 1))
        return try guarded(
            request.candidates, problem, nonce: nonce, phase: "compare", seconds: seconds,
            seen: problem.referenceSeconds
        ) { loaded in
            var samplers = loaded.map {
                Sampler(
                    $0, calls: calls(of: $0, problem),
                    sampleSeconds: timer.sampleSeconds(error: request.timerError),
                    cores: cores.count)
            }
            for index in samplers.indices { samplers[index].startOver() }
            var samples = [[Double]](repeating: [], count: samplers.count)
            var next = 0
            for round in 0..<max(request.rounds, 1) {
                for turn in samplers.indices {
                    // There and back, each time from another one: nobody follows a slow or a hot neighbour every round.
                    let place = round % 2 == 0 ? turn : samplers.count - 1 - turn
                    let index = (place + round / 2) % samplers.count
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
        seconds: Double, seen: Double,
        _ body: ([LoadedCandidate]) throws(WorkerFault) -> WorkerReply.Body
    ) throws(WorkerFault) -> WorkerReply.Body {
        let threads = candidates.map(\.threads).max() ?? 1
        try growTeam(threads)
        let before = ProcessState()
        let limits = problem.request.limits
        // A constructor in the object is the candidate's code already.
        cworker_begin_phase(nonce, "load", WorkerLimits.loadSeconds)
        let outcome: Result<WorkerReply.Body, WorkerFault>
        do {
            var loaded: [LoadedCandidate] = []
            for candidate in candidates {
                let function = try objects.address(of: candidate.entry)
                loaded.append(
                    LoadedCandidate(
                        candidate: candidate, function: function, team: team, limits: limits,
                        seenCallSeconds: seen))
            }
            try problem.tuned.buffers.allocateScratch(largestScratch(candidates))
            CandidateLimits.apply(
                addressSpaceSlack: limits.addressSpaceSlack,
                cpuSeconds: (WorkerLimits.loadSeconds + seconds + limits.measureSeconds)
                    * Double(threads))
            cworker_begin_phase(nonce, phase, seconds)
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
        let error = thread_team_grow(team, Int32(threads), cores, Int32(cores.count))
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
