import KernelSpace
import WorkerProtocol

/// Evaluates configurations of one kernel on one problem, for one target, on this host: compiles, verifies, times.
public actor HardwareEvaluator: Evaluator {
    /// What is evaluated.
    struct Subject: Sendable {
        let kernel: Kernel
        let problem: Problem
        let target: Target
        let device: Device
        let plan: SamplingPlan

        /// What people read: `sgemm m=512,n=512,k=512`.
        var text: String { "\(kernel.name) \(problem)" }
    }

    private let subject: Subject
    private let library: VariantLibrary
    private let lane: any MeasuringLane
    private let confirmation: Confirmation
    private let lock: MeasuringLock
    private let environment: EnvironmentProbe
    private let progress: @Sendable (EvaluationPhase) -> Void

    /// Specializations that passed the verify problems here.
    private var proved: Set<Configuration> = []
    /// Specializations that cannot be built: not tried again with other run-time arguments.
    private var unbuildable: [Configuration: Failure] = [:]
    private var times = TimeSplit()
    /// What was measured since the last certificate.
    private var watched: Watched?

    /// The beginning of what a certificate will be about, and what belongs to it so far.
    private struct Watched {
        let start: HostCounters
        let time: Double
        var threads = 1
        var samples = EnvironmentCertificate.Samples()

        mutating func add(_ measurement: Measurement, threads: Int) {
            self.threads = max(self.threads, threads)
            samples = samples.joined(EnvironmentCertificate.Samples(measurement))
        }
    }

    /// How a winner is verified further.
    struct Confirmation: Sendable {
        /// Calls on the same inputs for each problem. A race that spoils one call in five shows in nine of ten confirmations.
        static let repetitions = 10

        /// Problems whose sizes no tile divides.
        let problems: [Problem]
        /// One a seed: each has its own inputs, and the confirmation's problems to verify.
        let makeLanes: @Sendable () throws -> [any MeasuringLane]
    }

    init(
        subject: Subject, library: VariantLibrary, lane: any MeasuringLane,
        confirmation: Confirmation, lock: MeasuringLock, environment: EnvironmentProbe,
        progress: @escaping @Sendable (EvaluationPhase) -> Void
    ) {
        self.subject = subject
        self.library = library
        self.lane = lane
        self.confirmation = confirmation
        self.lock = lock
        self.environment = environment
        self.progress = progress
    }

    public func evaluate(
        _ configurations: [Configuration], standing: SearchStanding,
        finished: @Sendable (Int, [Evaluation]) async throws -> Void
    ) async throws {
        let reference = standing.reference?.configuration
        let variants = try await variants(
            of: configurations + [reference].compactMap(\.self))
        progress(.measuring)
        try await prepare()
        var best = standing.best
        var drift: DriftControl?
        if let reference = standing.reference, let now = try await seconds(reference, variants) {
            drift = DriftControl(base: reference.seconds, now: now)
        }
        var next = 0
        while next < configurations.count {
            let group = try await group(from: next, of: configurations, variants, best, &drift) {
                try await self.seconds(standing.reference, variants)
            }
            best = ([best] + group.map(\.seconds)).compactMap(\.self).min()
            try await finished(next, group)
            next += group.count
        }
    }

    /// The next candidates between two timings of the reference, with corrected times; one, where there is no reference.
    private func group(
        from first: Int, of configurations: [Configuration],
        _ variants: [Configuration: Result<EntryPoint, Failure>], _ best: Double?,
        _ drift: inout DriftControl?, reference: () async throws -> Double?
    ) async throws -> [Evaluation] {
        var group: [Evaluation] = []
        let start = Deadline.now
        repeat {
            try Task.checkCancellation()
            let configuration = configurations[first + group.count]
            group.append(
                try await evaluate(
                    configuration, as: variants[specialization(configuration)],
                    racing: racing(best, drift)))
        } while drift != nil && first + group.count < configurations.count
            && group.count < DriftControl.groupSize
            && Deadline.now - start < DriftControl.groupSeconds
        for repetition in 0...DriftControl.repetitions {
            guard let correction = drift?.correction else { return group }
            guard let after = try await reference(), let end = drift?.end(after: after) else {
                // The reference failed: the rest of the batch does without.
                drift = nil
                return group.map { $0.corrected(by: correction) }
            }
            if !end.hasMoved || repetition == DriftControl.repetitions {
                return group.map { $0.corrected(by: end.correction) }
            }
            for (index, evaluation) in group.enumerated() where evaluation.failure == nil {
                try Task.checkCancellation()
                let configuration = configurations[first + index]
                group[index] = try await evaluate(
                    configuration, as: variants[specialization(configuration)],
                    racing: racing(best, drift))
            }
        }
        return group
    }

    private func racing(_ best: Double?, _ drift: DriftControl?) -> Racing? {
        guard subject.plan.isRacing, let best else { return nil }
        return Racing(best: drift?.raw(best) ?? best)
    }

    /// What the reference takes now; nil without one, or if it does not work.
    private func seconds(
        _ reference: SearchStanding.Reference?,
        _ variants: [Configuration: Result<EntryPoint, Failure>]
    ) async throws -> Double? {
        guard let reference,
            case .success(let entry) = variants[specialization(reference.configuration)]
        else { return nil }
        let candidate = try candidate(of: reference.configuration, at: entry)
        return try await compare([candidate], rounds: DriftControl.referenceSamples)?.first?
            .seconds
    }

    public func compare(_ configurations: [Configuration], rounds: Int) async throws
        -> [Measurement?]
    {
        let variants = try await variants(of: configurations)
        progress(.comparing)
        var results = [Measurement?](repeating: nil, count: configurations.count)
        var candidates: [(index: Int, candidate: Candidate)] = []
        for (index, configuration) in configurations.enumerated() {
            guard case .success(let entry) = variants[specialization(configuration)] else {
                continue
            }
            candidates.append((index, try candidate(of: configuration, at: entry)))
        }
        if let together = try await launch(candidates.map(\.candidate), rounds: rounds) {
            for (place, measurement) in zip(candidates, together) {
                results[place.index] = measurement
            }
            return results
        }
        // One of them failed and took the round with it: those that work alone are compared again.
        var working: [(index: Int, candidate: Candidate)] = []
        for place in candidates where try await launch([place.candidate], rounds: rounds) != nil {
            working.append(place)
        }
        let again = try await launch(working.map(\.candidate), rounds: rounds) ?? []
        for (place, measurement) in zip(working, again) { results[place.index] = measurement }
        return results
    }

    public func confirm(_ configuration: Configuration) async throws -> Failure? {
        let variants = try await variants(of: [configuration])
        let entry: EntryPoint
        switch variants[specialization(configuration)] {
        case .success(let found): entry = found
        case .failure(let failure): return failure
        case nil: throw TunerError(.internal, "no variant was compiled for \(configuration)")
        }
        progress(.comparing)
        let request = ConfirmRequest(
            candidate: try candidate(of: configuration, at: entry),
            verifyScratch: try scratch(of: configuration, on: confirmation.problems),
            repetitions: Confirmation.repetitions,
            isDeterministic: subject.kernel.isDeterministic)
        for lane in try confirmation.makeLanes() {
            if let failure = try await confirm(request, on: lane) { return failure }
        }
        return nil
    }

    private func confirm(_ request: ConfirmRequest, on lane: any MeasuringLane) async throws
        -> Failure?
    {
        let result = try await lock.whileHolding(for: .measuring, subject.text) {
            let start = Deadline.now
            defer { times.verify += Deadline.now - start }
            let result = try await lane.confirm(request)
            await lane.finish()
            return result
        }
        return if case .failure(let failure) = result { failure } else { nil }
    }

    /// Starts a worker anew, for its pages and addresses are part of what is compared, and times candidates in it.
    package func launch(_ candidates: [Candidate], rounds: Int) async throws -> [Measurement]? {
        try await lock.whileHolding(for: .measuring, subject.text) {
            try await lane.launch()
            beginWatching()
        }
        return try await compare(candidates, rounds: rounds)
    }

    /// A candidate of a library of one's own: two libraries compile the same configuration twice.
    package func candidate(of configuration: Configuration, builtBy library: VariantLibrary)
        async throws -> Candidate
    {
        let specialization = specialization(configuration)
        let variants = try await library.variants(
            of: subject.kernel, [specialization], target: subject.target)
        guard let variant = variants[specialization] else {
            throw TunerError(.internal, "no variant was compiled for \(configuration)")
        }
        return try candidate(of: configuration, at: try variant.get())
    }

    public nonisolated func key(of configuration: Configuration) -> Fingerprint {
        subject.key(of: configuration, builtBy: library)
    }

    // Async, as the protocol says: else callers of this type would get the protocol's default.
    public func takeCertificate() async -> EnvironmentCertificate? {
        guard let watched, watched.samples.kept > 0 else { return nil }
        self.watched = nil
        return environment.certificate(
            since: watched.start, seconds: Deadline.now - watched.time, threads: watched.threads,
            samples: watched.samples)
    }

    public func timeSplit() -> TimeSplit { times }

    public func finish() async { await lane.finish() }

    // MARK: - Compiling

    private func specialization(_ configuration: Configuration) -> Configuration {
        subject.kernel.specialization(of: configuration)
    }

    private func variants(of configurations: [Configuration]) async throws
        -> [Configuration: Result<EntryPoint, Failure>]
    {
        let start = Deadline.now
        defer { times.compile += Deadline.now - start }
        progress(.compiling)
        let wanted = configurations.map(specialization).filter { unbuildable[$0] == nil }
        let variants = try await library.variants(
            of: subject.kernel, wanted, target: subject.target)
        for (specialization, variant) in variants {
            switch variant {
            case .failure(.infrastructure), .success: break
            case .failure(let failure): unbuildable[specialization] = failure
            }
        }
        return unbuildable.mapValues { .failure($0) }.merging(variants) { _, new in new }
    }

    // MARK: - Measuring

    /// Starts the worker and computes or reads the reference: counted as verification.
    private func prepare() async throws {
        try await lock.whileHolding(for: .measuring, subject.text) {
            let start = Deadline.now
            defer { times.verify += Deadline.now - start }
            try await lane.prepare()
            beginWatching()
        }
    }

    private func beginWatching() {
        guard watched == nil else { return }
        watched = Watched(start: environment.counters(), time: Deadline.now)
    }

    private func watch(_ measurement: Measurement, of candidate: Candidate) {
        watched?.add(measurement, threads: candidate.threads)
    }

    private func evaluate(
        _ configuration: Configuration, as variant: Result<EntryPoint, Failure>?, racing: Racing?
    ) async throws -> Evaluation {
        let entry: EntryPoint
        switch variant {
        case .success(let found): entry = found
        case .failure(let failure): return Evaluation(.failed(failure))
        case nil:
            throw TunerError(.internal, "no variant was compiled for \(configuration)")
        }
        let first = try await measure(configuration, at: entry, racing: racing)
        guard case .failure(let failure) = first, failure.isDeterministic else {
            return Evaluation(first)
        }
        // Only what happens twice is the candidate's own and worth remembering.
        let second = try await measure(configuration, at: entry, racing: racing)
        if case .failure(let again) = second, again.code == failure.code {
            return Evaluation(first)
        }
        return Evaluation(
            .failed(
                .infrastructure(
                    message: "failed with \(failure) at first and not the same way again; "
                        + "evaluate it once more, and suspect a race if it goes on")))
    }

    private func measure(
        _ configuration: Configuration, at entry: EntryPoint, racing: Racing?
    ) async throws -> Result<WorkerClient.Measured, Failure> {
        let specialization = specialization(configuration)
        let request = MeasureRequest(
            candidate: try candidate(of: configuration, at: entry),
            verifyScratch: proved.contains(specialization)
                ? [] : try scratch(of: configuration, on: subject.kernel.verifyProblems),
            plan: subject.plan, racing: racing)
        return try await lock.whileHolding(for: .measuring, subject.text) {
            let start = Deadline.now
            let result = try await lane.measure(request)
            switch result {
            case .success(let measured):
                proved.insert(specialization)
                watch(measured.measurement, of: request.candidate)
                times.measure += measured.times.measure
                times.verify += measured.times.verify
            case .failure:
                times.verify += Deadline.now - start
            }
            return result
        }
    }

    /// Nil when a candidate failed.
    private func compare(_ candidates: [Candidate], rounds: Int) async throws -> [Measurement]? {
        if candidates.isEmpty { return [] }
        let request = CompareRequest(
            candidates: candidates, rounds: rounds, timerError: subject.plan.timerError)
        let result = try await lock.whileHolding(for: .measuring, subject.text) {
            let start = Deadline.now
            defer { times.measure += Deadline.now - start }
            return try await lane.compare(request)
        }
        guard case .success(let measurements) = result else { return nil }
        for (candidate, measurement) in zip(candidates, measurements) {
            watch(measurement, of: candidate)
        }
        return measurements
    }

    private func candidate(of configuration: Configuration, at entry: EntryPoint)
        throws(TunerError) -> Candidate
    {
        try TunerError.translating { () throws(KernelSpaceError) in
            Candidate(
                entry: entry, arguments: try subject.kernel.arguments(of: configuration),
                threads: subject.kernel.threads(of: configuration),
                scratch: try subject.kernel.scratch(of: configuration, on: subject.problem))
        }
    }

    private func scratch(of configuration: Configuration, on problems: [Problem])
        throws(TunerError) -> [[Int]]
    {
        try TunerError.translating { () throws(KernelSpaceError) in
            var counts: [[Int]] = []
            for problem in problems {
                counts.append(try subject.kernel.scratch(of: configuration, on: problem))
            }
            return counts
        }
    }
}

extension HardwareEvaluator.Subject {
    /// Hash of everything that could change the evaluation of `configuration`, and of nothing else.
    func key(of configuration: Configuration, builtBy library: VariantLibrary) -> Fingerprint {
        Fingerprint([
            (name: "kernel", value: kernel.fingerprint.hex),
            (name: "configuration", value: configuration.description),
            (name: "problem", value: problem.canonical),
            (name: "target", value: target.name),
            (name: "triple", value: target.triple),
            (name: "flags", value: target.flags.joined(separator: " ")),
            (name: "compiler", value: library.toolchain.build),
            (name: "headers", value: library.headersFingerprint.hex),
            (name: "device", value: device.fingerprint.hex),
            (
                name: "worker protocol",
                value: "\(String(decoding: FrameCodec.magic, as: UTF8.self))"
            ),
            (name: "cache", value: kernel.caching.description),
        ])
    }
}

extension Evaluation {
    /// With its time as it would have been when the reference was first timed.
    fileprivate func corrected(by factor: Double) -> Evaluation {
        guard case .measured(var measurement, let verification) = outcome else { return self }
        measurement.seconds *= factor
        measurement.driftCorrection = factor
        return Evaluation(.measured(measurement, verification))
    }

    fileprivate init(_ result: Result<WorkerClient.Measured, Failure>) {
        switch result {
        case .success(let measured):
            self.init(.measured(measured.measurement, measured.verification))
        case .failure(let failure): self.init(.failed(failure))
        }
    }
}
