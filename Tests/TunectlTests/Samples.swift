import KernelSpace
import Tuner
import TunerAPI
import WorkerProtocol

@testable import tunectl

/// Sessions, events and records with figures that are easy to follow.
enum Samples {
    static let device = Device(
        vendor: "AuthenticAMD", family: 25, model: 17, stepping: 1, brand: "AMD EPYC 9R14",
        microcode: "0xa101148", cores: 2,
        caches: [
            Device.Cache(level: 1, kind: "data", bytes: 32 << 10),
            Device.Cache(level: 3, kind: "unified", bytes: 32 << 20),
        ], hypervisor: "KVM", features: ["avx2", "fma"])

    static func problem(_ sizes: [(String, Int)], computed: [(String, Int)] = []) -> Problem {
        Problem(
            dimensions: sizes.map { .init(name: $0.0, value: $0.1, isDefault: false) }
                + computed.map { .init(name: $0.0, value: $0.1, isDefault: true) })
    }

    static let sgemm = problem([("m", 512), ("n", 512), ("k", 512)], computed: [("lda", 512)])
    static let dot = problem([("n", 1_000_000)])

    static func session(
        _ workload: [(String, Problem)] = [("sgemm", sgemm), ("dot", dot)],
        trials: Int? = 200, seconds: Double? = nil
    ) -> Session {
        Session(
            id: "s1",
            request: SessionRequest(
                target: "cpu-avx512",
                workload: workload.map { WorkloadEntry(kernel: $0.0, problem: $0.1) },
                budget: Budget(trials: trials, seconds: seconds), strategy: "hillclimb", seed: 7),
            created: 1000)
    }

    static func configuration(_ mr: Int) -> Configuration {
        Configuration(["mr": .integer(mr), "kc": .integer(256), "lanes": .integer(16)])
    }

    static func trial(_ entry: Int, _ number: Int, _ seconds: Double?) -> Event.Body {
        let evaluation: Evaluation
        if let seconds {
            evaluation = Evaluation(
                .measured(
                    Measurement(samples: [seconds], callsPerSample: 1, seconds: seconds),
                    Verification(
                        worstToleranceShare: 0.1, relativeErrorNorm: 1e-7, comparedElements: 9)))
        } else {
            evaluation = Evaluation(.failed(.compilation(message: "no")))
        }
        return .trial(
            Trial(
                session: "s1", entry: entry, number: number, configuration: configuration(number),
                evaluationKey: Fingerprint([("n", "\(number)")]), evaluation: evaluation,
                reused: false))
    }

    static let split: TimeSplit = {
        var split = TimeSplit()
        split.compile = 30
        split.verify = 5
        split.measure = 14
        split.total = 50
        return split
    }()

    /// sgemm goes from 2.5 ms over a failure to 1.25 ms (214.7 GFLOP/s); dot is measured once.
    static let bodies: [(time: Double, body: Event.Body)] = [
        (1000, .sessionStarted),
        (
            1000,
            .entryStarted(
                entry: 0, space: 150, figure: .flops, flops: 268_435_456, bytes: 3_145_728)
        ),
        (1002, trial(0, 0, 2.5e-3)), (1003, trial(0, 1, nil)), (1004, trial(0, 2, 3e-3)),
        (1010, trial(0, 3, 1.25e-3)),
        (
            1040,
            .entryFinished(
                entry: 0,
                Session.Result(
                    decision: .replaced, trials: 4, failures: ["compilation": 1],
                    configuration: configuration(3), seconds: 1.2e-3, defaultSeconds: 2.4e-3), nil)
        ),
        (
            1040,
            .entryStarted(
                entry: 1, space: 40, figure: .bytes, flops: 2_000_000, bytes: 8_000_000)
        ),
        (1041, trial(1, 0, 250e-6)),
        (1050, .sessionFinished(.cancelled, split)),
    ]

    /// After the first `count` events.
    static func progress(_ session: Session = session(), after count: Int) -> SessionProgress {
        var progress = SessionProgress(session)
        for (number, event) in bodies.prefix(count).enumerated() {
            _ = progress.apply(
                Event(session: session.id, number: number, time: event.time, body: event.body))
        }
        return progress
    }

    static func environment(spread: Double? = nil, stolen: Double? = nil)
        -> EnvironmentCertificate
    {
        var samples = EnvironmentCertificate.Samples()
        samples.spread = spread
        return EnvironmentCertificate(
            machine: MachineConditions(core: 1, hypervisor: "KVM") { _ in nil },
            host: EnvironmentCertificate.Host(seconds: 10, stolenShare: stolen), samples: samples)
    }

    static func record(
        kernel: String = "sgemm", problem: Problem = sgemm, target: String = "cpu-avx512",
        configuration: Configuration = configuration(14)
    ) -> TuningRecord {
        TuningRecord(
            key: RecordKey(
                kernel: kernel, problem: problem.canonical, target: target,
                device: Fingerprint([("device", "")])),
            problem: problem, device: device, configuration: configuration,
            defaultConfiguration: configuration, evaluation: Fingerprint([("evaluation", "")]),
            seconds: 1.25e-3, defaultSeconds: 2.5e-3, flops: 268_435_456, bytes: 3_145_728,
            figure: .flops, compiler: "swift-6.3.1", session: "s1", created: 1000, trials: 200,
            failures: 3)
    }
}
