import KernelSpace
import Tuner
import WorkerProtocol

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every platform.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// Models with everything in them that is hard to store: optionals, payloads, text of all kinds,
/// extremes.
struct Samples {
    var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    static let device = Device(
        vendor: "AuthenticAMD", family: 25, model: 17, stepping: 1, brand: "AMD \"EPYC\" ½",
        microcode: "0xa101148", cores: 2,
        caches: [Device.Cache(level: 3, kind: "unified", bytes: 32 << 20)], hypervisor: nil,
        features: ["avx2", "fma"])

    static func fingerprint(_ number: Int) -> Fingerprint { Fingerprint([("n", "\(number)")]) }

    mutating func index(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }

    mutating func flag() -> Bool { index(2) == 0 }

    mutating func seconds() -> Double { Double.random(in: 1e-9...10, using: &generator) }

    mutating func text() -> String {
        let texts = ["", "a", "ünï/cödé", "tab\tquote\"back\\slash", "line\nline", "\u{0}", "🚀"]
        return texts[index(texts.count)]
    }

    mutating func value() -> Value {
        switch index(5) {
        case 0: .integer(index(1000))
        case 1: .integer(flag() ? .max : .min)
        case 2: .real(Double(index(1000)) + 0.5)
        case 3: .boolean(flag())
        default: .text("t" + text())
        }
    }

    mutating func configuration() -> Configuration {
        var values: [String: Value] = [:]
        for name in ["mr", "nv", "lanes", "ünroll"].prefix(index(5)) { values[name] = value() }
        return Configuration(values)
    }

    mutating func problem() -> Problem {
        Problem(dimensions: [
            .init(name: "m", value: index(4096), isDefault: flag()),
            .init(name: "k", value: index(4096), isDefault: flag()),
        ])
    }

    mutating func failure() -> Failure {
        switch index(6) {
        case 0: .compilation(message: text())
        case 1:
            .wrongResult(problem: "m=1", buffer: "c", index: index(9), value: "nan", expected: "1")
        case 2: .crash(signal: 11, address: flag() ? nil : .max)
        case 3: .timeout(phase: "measure", seconds: seconds())
        case 4: .outOfMemory(limit: .max)
        default: .outOfBounds(problem: "m=1", buffer: "a", offset: -4)
        }
    }

    /// Up to `most` samples: 300 of them make a value that does not fit in a page.
    mutating func evaluation(most: Int = 300) -> Evaluation {
        guard index(4) > 0 else { return Evaluation(.failed(failure())) }
        let samples = (0..<index(most)).map { _ in seconds() }
        return Evaluation(
            .measured(
                Measurement(samples: samples, callsPerSample: 1 + index(9), seconds: seconds()),
                Verification(
                    worstToleranceShare: seconds(), relativeErrorNorm: .leastNonzeroMagnitude,
                    comparedElements: .max)))
    }

    mutating func trial(session: String, entry: Int, number: Int) -> Trial {
        Trial(
            session: session, entry: entry, number: number, configuration: configuration(),
            evaluationKey: Self.fingerprint(index(50)), evaluation: evaluation(), reused: flag())
    }

    mutating func record(key: RecordKey) -> TuningRecord {
        TuningRecord(
            key: key, problem: problem(), device: Self.device, configuration: configuration(),
            defaultConfiguration: configuration(), evaluation: Self.fingerprint(index(50)),
            seconds: seconds(), defaultSeconds: seconds(), flops: 1e300, bytes: 0,
            figure: flag() ? .flops : .bytes, compiler: text(), session: text(),
            created: seconds(), trials: index(100), failures: index(100),
            environment: flag() ? nil : environment())
    }

    mutating func environment() -> EnvironmentCertificate {
        var samples = EnvironmentCertificate.Samples()
        samples.kept = 1 + index(9)
        samples.tainted = index(9)
        samples.spread = flag() ? nil : 0.03
        samples.disturbance = Disturbance(
            involuntarySwitches: index(99), offCoreSeconds: flag() ? nil : seconds())
        return EnvironmentCertificate(
            machine: MachineConditions(core: index(9), hypervisor: flag() ? nil : text()) { _ in
                nil
            },
            host: EnvironmentCertificate.Host(
                seconds: 1, stolenShare: flag() ? nil : 0.5, runnable: index(9)),
            samples: samples)
    }

    mutating func trialLog(session: String, entry: Int, kernel: String) -> TrialLog {
        TrialLog(
            session: session, entry: entry,
            key: RecordKey(
                kernel: kernel, problem: text(), target: text(), device: Self.fingerprint(index(9))),
            problem: problem(), deviceName: text(), compiler: text())
    }

    mutating func priors() -> [Prior] {
        (0..<index(4)).map { _ in
            Prior(
                source: text(),
                trials: (0..<index(9)).map { _ in
                    .init(configuration: configuration(), seconds: flag() ? nil : seconds())
                })
        }
    }

    mutating func session(id: String) -> Session {
        let workload = (0..<index(3)).map { _ in WorkloadEntry(kernel: "k", problem: problem()) }
        var session = Session(
            id: id,
            request: SessionRequest(
                target: "cpu-avx2", workload: workload,
                budget: Budget(trials: flag() ? nil : 5, seconds: flag() ? nil : seconds()),
                strategy: "random", seed: generator.next()), created: seconds())
        session.state = [.queued, .running, .finished, .failed(message: text())][index(4)]
        for entry in workload.indices where flag() { session.results[entry] = result() }
        return session
    }

    mutating func result() -> Session.Result {
        Session.Result(
            decision: .kept, trials: index(10), failures: ["timeout": index(10)],
            configuration: flag() ? nil : configuration(), seconds: flag() ? nil : seconds(),
            defaultSeconds: nil, environment: flag() ? nil : environment())
    }

    mutating func event(session: String, number: Int) -> Event {
        let key = RecordKey(
            kernel: "k", problem: "m=1", target: "cpu-avx2", device: Self.fingerprint(1))
        let body: Event.Body =
            switch index(6) {
            case 0: .sessionStarted
            case 1:
                .entryStarted(
                    entry: 0, space: index(100), figure: .bytes, flops: seconds(), bytes: 1,
                    earlier: EarlierTrials(trials: index(100), problems: index(9)))
            case 2: .trial(trial(session: session, entry: 0, number: number))
            case 3: .conditions(entry: index(9), environment())
            case 4: .entryFinished(entry: 1, result(), flag() ? nil : record(key: key))
            default: .sessionFinished(.cancelled, TimeSplit())
            }
        return Event(session: session, number: number, time: seconds(), body: body)
    }
}
