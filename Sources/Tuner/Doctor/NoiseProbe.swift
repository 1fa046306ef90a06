import KernelSpace
import WorkerProtocol

/// Measures the noise floor: built-in kernels against themselves, through compiler, worker, sampler and estimate as a session does.
///
/// A loop of its own would be simpler and would measure something else: what makes figures differ is also where a worker's buffers lie and
/// which pages they got. So every launch is a new worker.
package struct NoiseProbe: Sendable {
    /// What is timed: its arithmetic, or its reading of memory.
    struct Subject: Sendable {
        let kind: String
        let kernel: String
        let sizes: [String: Int]

        /// 256³ is 0.3 ms of arithmetic within the second level of cache; 4 Mi elements are 32 MiB from memory.
        static let all = [
            Subject(kind: "compute", kernel: "sgemm", sizes: ["m": 256, "n": 256, "k": 256]),
            Subject(kind: "memory", kernel: "dot", sizes: ["n": 4 << 20]),
        ]
    }
    /// How far it is.
    package enum Progress: Sendable {
        case preparing(String)
        case measuring(launch: Int, secondsLeft: Double)
    }
    /// What came out.
    package struct Outcome: Sendable {
        package var floors: [NoiseFloor]
        package var conditions: EnvironmentCertificate?
    }

    /// Launches of each subject that share the time: enough for a 95 % quantile of their differences.
    private static let wantedLaunches = 8
    private static let leastLaunches = 2
    /// Rounds of a stretch: as many samples as a candidate gets in a search.
    private static let rounds = SamplingPlan().maximumSamples
    /// Most stretches of the default plan in a launch: what one request may take is bounded.
    private static let windowLimit = 60

    private let provider: HardwareEvaluatorProvider
    private let catalogue: KernelCatalogue
    private let target: String

    package init(
        provider: HardwareEvaluatorProvider, catalogue: KernelCatalogue,
        target: String = "cpu-native"
    ) {
        self.provider = provider
        self.catalogue = catalogue
        self.target = target
    }

    /// One subject with what was seen of it.
    private final class Course {
        let subject: Subject
        let evaluator: any Evaluator
        let configuration: Configuration
        let name: String
        var launches: [NoiseFloor.Launch] = []
        var certificates: [EnvironmentCertificate] = []
        /// Stretches of the plan in a launch.
        var windows = 1

        init(
            _ subject: Subject, _ evaluator: any Evaluator, _ configuration: Configuration,
            name: String
        ) {
            self.subject = subject
            self.evaluator = evaluator
            self.configuration = configuration
            self.name = name
        }

        /// One launch; returns how long it took.
        func launch() async throws -> Double {
            let start = Deadline.now
            let rounds = windows * NoiseProbe.rounds
            let pair = try await evaluator.compare([configuration, configuration], rounds: rounds)
            if let certificate = await evaluator.takeCertificate() {
                certificates.append(certificate)
            }
            await evaluator.finish()
            guard let first = pair.first ?? nil, let second = pair.last ?? nil else {
                throw TunerError(.worker, "cannot time \(name): the worker gave it up")
            }
            launches.append(NoiseFloor.Launch(first: first.samples, second: second.samples))
            return Deadline.now - start
        }
    }

    /// Takes about `seconds`, after compiling; subjects take turns. Throws TunerError for what keeps sessions from measuring too, and
    /// CancellationError.
    package func run(seconds: Double, progress: @Sendable (Progress) -> Void) async throws
        -> Outcome
    {
        var courses: [Course] = []
        for subject in Subject.all {
            progress(.preparing(subject.kernel))
            let course = try await course(subject)
            // Compiles, computes the reference and tells how long a stretch takes.
            let least = try await course.launch()
            course.launches = []
            course.certificates = []
            let share = seconds / Double(Subject.all.count * Self.wantedLaunches)
            course.windows = min(max(Int(share / least), 1), Self.windowLimit)
            courses.append(course)
        }
        let end = Deadline.now + seconds
        var launch = 0
        while launch < Self.leastLaunches || Deadline.now < end {
            for course in courses {
                try Task.checkCancellation()
                progress(.measuring(launch: launch + 1, secondsLeft: max(end - Deadline.now, 0)))
                let took = try await course.launch()
                let share = seconds / Double(courses.count * Self.wantedLaunches)
                let wanted = Double(course.windows) * share / took
                course.windows = min(max(Int(wanted), 1), Self.windowLimit)
            }
            launch += 1
        }
        return Outcome(
            floors: courses.compactMap {
                NoiseFloor(
                    kind: $0.subject.kind, candidate: $0.name, launches: $0.launches,
                    rounds: Self.rounds)
            }, conditions: EnvironmentCertificate(courses.flatMap(\.certificates)))
    }

    private func course(_ subject: Subject) async throws -> Course {
        let kernel = try catalogue.kernel(named: subject.kernel)
        let problem = try TunerError.translating { () throws(KernelSpaceError) in
            try kernel.problem(subject.sizes)
        }
        let entry = WorkloadEntry(kernel: subject.kernel, problem: problem)
        let (space, configuration) = try provider.space(for: entry, target: target)
        let evaluator = try await provider.evaluator(for: entry, target: target) { _ in }
        return Course(
            subject, evaluator, configuration ?? space[0], name: "\(subject.kernel) \(problem)")
    }
}
