import KernelSpace
import WorkerProtocol

/// Makes evaluators that run on this host.
public struct HardwareEvaluatorProvider: EvaluatorProvider {
    /// How candidates are measured, besides what the kernel says.
    public struct Measuring: Sendable {
        /// Path of tune-worker.
        public var worker: String
        /// Folder where results of references outlive the worker.
        public var referenceCache: String
        /// Folder in which every worker gets one of its own.
        public var workerFolders: String
        /// How samples are taken.
        public var plan: SamplingPlan
        /// What a worker may use.
        public var limits: WorkerLimits

        /// Limits and plan may stay as they are: their defaults are what results are comparable under.
        public init(
            worker: String, referenceCache: String, workerFolders: String,
            plan: SamplingPlan = SamplingPlan(), limits: WorkerLimits = WorkerLimits()
        ) {
            self.worker = worker
            self.referenceCache = referenceCache
            self.workerFolders = workerFolders
            self.plan = plan
            self.limits = limits
        }
    }

    /// Inputs are the same in every measurement: figures must not differ by what was drawn.
    private static let seed: UInt64 = 1
    /// Each gives two sets of inputs, as the first did: a winner has been right on six.
    private static let confirmationSeeds: [UInt64] = [2, 3]

    private let catalogue: @Sendable () -> KernelCatalogue
    private let probe: DeviceProbe
    private let library: Result<VariantLibrary, TunerError>
    private let lock: MeasuringLock
    private let measuring: Measuring

    /// `catalogue` is asked at every use: kernels may be added meanwhile. `library` is the reason when there is no compiler;
    /// everything that needs none still works then.
    public init(
        catalogue: @escaping @Sendable () -> KernelCatalogue, probe: DeviceProbe,
        library: Result<VariantLibrary, TunerError>, lock: MeasuringLock, measuring: Measuring
    ) {
        self.catalogue = catalogue
        self.probe = probe
        self.library = library
        self.lock = lock
        self.measuring = measuring
    }

    public func evaluator(
        for entry: WorkloadEntry, target: String,
        progress: @escaping @Sendable (EvaluationPhase) -> Void
    ) async throws -> any Evaluator {
        let library = try library.get()
        let kernel = try catalogue().kernel(named: entry.kernel)
        let target = try resolve(target)
        let tails = kernel.tails(of: entry.problem)
        let layouts = try TunerError.translating { () throws(KernelSpaceError) in
            (
                tuned: try kernel.layout(of: entry.problem),
                verify: try kernel.layouts(of: kernel.verifyProblems),
                tails: try kernel.layouts(of: tails),
                cachePolicy: try kernel.cachePolicy(on: entry.problem)
            )
        }
        progress(.compiling)
        let reference = try await library.reference(of: kernel, target: target)
        let prepare = PrepareRequest(
            reference: reference, problem: layouts.tuned, verifyProblems: layouts.verify,
            seed: Self.seed, cachePolicy: layouts.cachePolicy,
            referenceCache: measuring.referenceCache, core: probe.measuringCore,
            limits: measuring.limits)
        return HardwareEvaluator(
            subject: subject(entry, kernel: kernel, target: target), library: library,
            lane: lane(prepare),
            confirmation: HardwareEvaluator.Confirmation(problems: tails) { [self] in
                Self.confirmationSeeds.map { seed in
                    var request = prepare
                    request.verifyProblems = layouts.tails
                    request.seed = seed
                    // Nothing is timed: no copies that exceed the caches.
                    request.cachePolicy = .hot
                    return lane(request)
                }
            }, lock: lock, environment: EnvironmentProbe(probe), progress: progress)
    }

    private func lane(_ request: PrepareRequest) -> any MeasuringLane {
        WorkerClient(
            executable: measuring.worker, request: request, folders: measuring.workerFolders)
    }

    public func evaluationKey(
        of configuration: Configuration, for entry: WorkloadEntry, target: String
    ) throws -> Fingerprint? {
        let kernel = try catalogue().kernel(named: entry.kernel)
        let subject = subject(entry, kernel: kernel, target: try resolve(target))
        guard case .success(let library) = library else { return nil }
        return subject.key(of: configuration, builtBy: library)
    }

    public func space(for entry: WorkloadEntry, target: String) throws -> (
        space: SearchSpace, defaultConfiguration: Configuration?
    ) {
        let kernel = try catalogue().kernel(named: entry.kernel)
        let target = try resolve(target)
        return try TunerError.translating { () throws(KernelSpaceError) in
            let space = try kernel.searchSpace(
                for: entry.problem, target: target, device: probe.device)
            return (space, kernel.defaultConfiguration(for: target, in: space))
        }
    }

    public func recordKey(for entry: WorkloadEntry, target: String) throws -> RecordKey {
        RecordKey(
            kernel: entry.kernel, problem: entry.problem.canonical,
            target: try resolve(target).name, device: probe.device.fingerprint)
    }

    public func facts(about entry: WorkloadEntry) throws -> EntryFacts {
        let kernel = try catalogue().kernel(named: entry.kernel)
        let work = try TunerError.translating { () throws(KernelSpaceError) in
            try kernel.work(on: entry.problem)
        }
        return EntryFacts(
            device: probe.device, flops: work.flops, bytes: work.bytes, figure: kernel.work.figure,
            compiler: try library.get().toolchain.build)
    }

    private func subject(_ entry: WorkloadEntry, kernel: Kernel, target: Target)
        -> HardwareEvaluator.Subject
    {
        HardwareEvaluator.Subject(
            kernel: kernel, problem: entry.problem, target: target, device: probe.device,
            plan: measuring.plan)
    }

    private func resolve(_ name: String) throws(TunerError) -> Target {
        try TunerError.translating { () throws(KernelSpaceError) in
            try Target.resolve(name, on: probe.device)
        }
    }
}

extension TunerError {
    /// Runs `body`; what a person wrote wrongly becomes an error of this module.
    static func translating<Value>(_ body: () throws(KernelSpaceError) -> Value)
        throws(TunerError) -> Value
    {
        do {
            return try body()
        } catch {
            throw TunerError(
                error.code == .target ? .unsupportedTarget : .badRequest, error.description)
        }
    }
}
