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

    init(
        subject: Subject, library: VariantLibrary, lane: any MeasuringLane, lock: MeasuringLock,
        environment: EnvironmentProbe, progress: @escaping @Sendable (EvaluationPhase) -> Void
    ) {
        self.subject = subject
        self.library = library
        self.lane = lane
        self.lock = lock
        self.environment = environment
        self.progress = progress
    }

    public func evaluate(
        _ configurations: [Configuration],
        finished: @Sendable (Int, Evaluation) async throws -> Void
    ) async throws {
        let variants = try await variants(of: configurations)
        progress(.measuring)
        try await prepare()
        for (index, configuration) in configurations.enumerated() {
            try Task.checkCancellation()
            let evaluation = try await evaluate(
                configuration, as: variants[specialization(configuration)])
            try await finished(index, evaluation)
        }
    }

    public func compare(_ configurations: [Configuration], rounds: Int) async throws
        -> [Measurement?]
    {
        let variants = try await variants(of: configurations)
        progress(.comparing)
        try await prepare()
        var results = [Measurement?](repeating: nil, count: configurations.count)
        var candidates: [(index: Int, candidate: Candidate)] = []
        for (index, configuration) in configurations.enumerated() {
            guard case .success(let entry) = variants[specialization(configuration)] else {
                continue
            }
            candidates.append((index, try candidate(of: configuration, at: entry)))
        }
        let start = Deadline.now
        defer { times.measure += Deadline.now - start }
        if let together = try await compare(candidates.map(\.candidate), rounds: rounds) {
            for (place, measurement) in zip(candidates, together) {
                results[place.index] = measurement
            }
            return results
        }
        // One of them failed and took the round with it: those that work alone are compared again.
        var working: [(index: Int, candidate: Candidate)] = []
        for place in candidates where try await compare([place.candidate], rounds: 1) != nil {
            working.append(place)
        }
        let again = try await compare(working.map(\.candidate), rounds: rounds) ?? []
        for (place, measurement) in zip(working, again) { results[place.index] = measurement }
        return results
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
            if watched == nil {
                watched = Watched(start: environment.counters(), time: Deadline.now)
            }
        }
    }

    private func watch(_ measurement: Measurement, of candidate: Candidate) {
        watched?.add(measurement, threads: candidate.threads)
    }

    private func evaluate(
        _ configuration: Configuration, as variant: Result<EntryPoint, Failure>?
    ) async throws -> Evaluation {
        let entry: EntryPoint
        switch variant {
        case .success(let found): entry = found
        case .failure(let failure): return Evaluation(.failed(failure))
        case nil:
            throw TunerError(.internal, "no variant was compiled for \(configuration)")
        }
        let first = try await measure(configuration, at: entry)
        guard case .failure(let failure) = first, failure.isDeterministic else {
            return Evaluation(first)
        }
        // Only what happens twice is the candidate's own and worth remembering.
        let second = try await measure(configuration, at: entry)
        if case .failure(let again) = second, again.code == failure.code {
            return Evaluation(first)
        }
        return Evaluation(
            .failed(
                .infrastructure(
                    message: "failed with \(failure) at first and not the same way again; "
                        + "evaluate it once more, and suspect a race if it goes on")))
    }

    private func measure(_ configuration: Configuration, at entry: EntryPoint) async throws
        -> Result<WorkerClient.Measured, Failure>
    {
        let specialization = specialization(configuration)
        let request = MeasureRequest(
            candidate: try candidate(of: configuration, at: entry),
            verifyScratch: proved.contains(specialization) ? [] : try verifyScratch(configuration),
            plan: subject.plan)
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
            candidates: candidates, rounds: rounds, sampleSeconds: subject.plan.sampleSeconds)
        let result = try await lock.whileHolding(for: .measuring, subject.text) {
            try await lane.compare(request)
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

    private func verifyScratch(_ configuration: Configuration) throws(TunerError) -> [[Int]] {
        try TunerError.translating { () throws(KernelSpaceError) in
            var counts: [[Int]] = []
            for problem in subject.kernel.verifyProblems {
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
            (name: "cache", value: kernel.cachePolicy.rawValue),
        ])
    }
}

extension Evaluation {
    fileprivate init(_ result: Result<WorkerClient.Measured, Failure>) {
        switch result {
        case .success(let measured):
            self.init(.measured(measured.measurement, measured.verification))
        case .failure(let failure): self.init(.failed(failure))
        }
    }
}
