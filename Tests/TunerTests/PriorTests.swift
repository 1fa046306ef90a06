import KernelSpace
import Testing
import WorkerProtocol

@testable import Tuner

@Suite struct PriorCondensingTests {
    private func trial(_ number: Int, _ seconds: Double?) -> Prior.Trial {
        Prior.Trial(configuration: Configuration(["p": .integer(number)]), seconds: seconds)
    }

    @Test("few trials are all kept, fastest first and failures last")
    func few() {
        let trials = [trial(0, 3), trial(1, nil), trial(2, 1), trial(3, .nan), trial(4, 3)]
        let prior = Prior(source: "s", condensing: trials, limit: 5)
        #expect(prior.source == "s")
        #expect(prior.trials.map { $0.configuration["p"]?.integer } == [2, 0, 4, 1, 3])
    }

    @Test("of many the best half is kept, and of the others a sample over all ranks")
    func many() {
        for limit in 1...40 {
            for count in limit...120 {
                // 37 is prime to every count that it does not divide: ranks come in no order.
                let ranks = (0..<count).map { ($0 * 37) % count }
                let kept = Prior(
                    source: "", condensing: ranks.map { trial($0, Double($0)) }, limit: limit
                ).trials.compactMap(\.seconds)
                #expect(kept.count == min(limit, count))
                guard count > limit, count % 37 != 0 else { continue }
                #expect(kept == kept.sorted() && Set(kept).count == limit)
                #expect(kept.prefix((limit + 1) / 2).map(Int.init) == Array(0..<(limit + 1) / 2))
                let steps = zip(
                    kept.dropFirst((limit + 1) / 2 - 1), kept.dropFirst((limit + 1) / 2))
                let even = Double(count - (limit + 1) / 2) / Double(max(limit / 2, 1))
                #expect(steps.allSatisfy { $1 - $0 <= even + 1 }, "\(limit) of \(count)")
            }
        }
    }
}

@Suite struct PriorSearchTests {
    private let store = InMemoryRecordStore()

    private func device(_ n: Int) -> Fingerprint { Fingerprint([("device", "\(n)")]) }

    private func problem(_ n: Int) -> Problem {
        Problem(dimensions: [.init(name: "n", value: n, isDefault: false)])
    }

    private func log(
        _ session: String, n: Int, target: String = "a", device: Int = 1, compiler: String = "c",
        kernel: String = "k"
    ) -> TrialLog {
        TrialLog(
            session: session, entry: 0,
            key: RecordKey(
                kernel: kernel, problem: problem(n).canonical, target: target,
                device: self.device(device)),
            problem: problem(n), deviceName: "device \(device)", compiler: compiler)
    }

    private func trial(_ session: String, _ number: Int, _ evaluation: Evaluation, name: String)
        -> Change
    {
        .trial(
            Trial(
                session: session, entry: 0, number: number,
                configuration: Configuration([name: .integer(number)]),
                evaluationKey: device(0), evaluation: evaluation, reused: false))
    }

    private func measured(_ seconds: Double) -> Evaluation {
        Evaluation(
            .measured(
                Measurement(samples: [seconds], callsPerSample: 1, seconds: seconds),
                Verification(worstToleranceShare: 0, relativeErrorNorm: 0, comparedElements: 1)))
    }

    /// A log with one trial, of `seconds`.
    private func add(_ log: TrialLog, seconds: Double = 1, parameter: String = "p") throws {
        try store.commit([
            .trialLog(log), trial(log.session, 0, measured(seconds), name: parameter),
        ])
    }

    private func priors(for log: TrialLog) throws -> [Prior] {
        try PriorSearch(log: log, parameters: ["p"]).priors(in: store)
    }

    @Test("the most alike come first: target, device, distance, then the newest")
    func order() throws {
        try add(log("s1", n: 64, target: "b"))
        try add(log("s2", n: 64, device: 2))
        try add(log("s3", n: 256))
        try add(log("s4", n: 128, compiler: "old"))
        try add(log("s5", n: 128))
        try add(log("s6", n: 64, compiler: "old"))
        try add(log("s7", n: 64, target: "b", device: 2))
        try add(log("s8", n: 64, kernel: "another"))
        try add(log("s9", n: 64), parameter: "q")
        let own = log("z", n: 64)
        try add(own)
        #expect(
            try priors(for: own).map(\.source) == [
                "n=64 on a", "n=128 on a", "n=128 on a", "n=256 on a", "n=64 on a of device 2",
                "n=64 on b", "n=64 on b of device 2",
            ])
        #expect(EarlierTrials(try priors(for: own)) == EarlierTrials(trials: 7, problems: 6))
    }

    @Test("sessions of one origin are one prior, in which the newest measurement counts")
    func merges() throws {
        try add(log("s1", n: 8), seconds: 1)
        try add(log("s2", n: 8), seconds: 2)
        try store.commit([
            trial("s1", 1, measured(3), name: "p"),
            trial("s1", 2, Evaluation(.failed(.compilation(message: "no"))), name: "p"),
            trial("s1", 3, Evaluation(.failed(.timeout(phase: "verify", seconds: 1))), name: "p"),
        ])
        let found = try priors(for: log("z", n: 9))
        #expect(found.count == 1)
        #expect(found[0].trials.map(\.seconds) == [2, 3, nil])
    }

    @Test("priors are bounded, nearest first")
    func bounded() throws {
        for n in 1...30 {
            let log = log("s\(n)", n: 1 << n)
            try add(log)
            try store.commit((1..<500).map { trial(log.session, $0, measured(1), name: "p") })
        }
        let found = try priors(for: log("z", n: 1))
        #expect(found.map(\.source) == (1...PriorSearch.limit).map { "n=\(1 << $0) on a" })
        #expect(found.allSatisfy { $0.trials.count == Prior.trialLimit })
    }

    @Test("a record whose trials are elsewhere counts with its two configurations")
    func records() throws {
        let log = log("s1", n: 8)
        func record(_ target: String) -> TuningRecord {
            var key = log.key
            key.target = target
            return TuningRecord(
                key: key, problem: log.problem, device: SyntheticProvider.device,
                configuration: Configuration(["p": .integer(7)]),
                defaultConfiguration: Configuration(["p": .integer(0)]), evaluation: device(0),
                seconds: 0.5, defaultSeconds: 1, flops: 1, bytes: 1, figure: .flops, compiler: "c",
                session: "elsewhere", created: 0, trials: 9, failures: 0)
        }
        try add(log)
        try store.commit([.record(record("a")), .record(record("b"))])
        let found = try priors(for: self.log("z", n: 8))
        #expect(found.map(\.source) == ["n=8 on a", "n=8 on b"])
        #expect(found[0].trials.map(\.seconds) == [1])
        #expect(found[1].trials.map(\.seconds) == [0.5, 1])
    }
}

@Suite struct SessionPriorTests {
    private let sessions = SessionRunnerTests()

    private func request(_ n: Int, priors: Bool = true) -> SessionRequest {
        SessionRequest(
            target: "t", workload: [SyntheticProvider.entry(n)], budget: Budget(trials: 20),
            strategy: "random", seed: UInt64(n), batch: 7, priors: priors)
    }

    @Test("an entry starts from the trials of others, unless that is turned off")
    func starts() async throws {
        let store: any RecordStore = InMemoryRecordStore()
        try sessions.start(store, request(1))
        try await sessions.run(store)
        #expect(try store.priors(session: "a", entry: 0).isEmpty)

        try sessions.start(store, request(2), id: "b")
        try await sessions.run(store, id: "b")
        let priors = try store.priors(session: "b", entry: 0)
        let known = try store.trials(session: "a", entry: 0).compactMap { Prior.Trial($0) }
        #expect(priors.map(\.source) == ["n=1 on t"])
        #expect(Set(priors[0].trials) == Set(known))
        let earlier = try sessions.events(store, id: "b").compactMap { event in
            if case .entryStarted(_, _, _, _, _, let earlier) = event.body { earlier } else { nil }
        }
        #expect(earlier == [EarlierTrials(trials: known.count, problems: 1)])

        try sessions.start(store, request(2, priors: false), id: "c")
        try await sessions.run(store, id: "c")
        #expect(try store.priors(session: "c", entry: 0).isEmpty)
    }

    @Test("what an entry started from stays, whatever the store learns meanwhile")
    func stays() async throws {
        let store: any RecordStore = InMemoryRecordStore()
        try sessions.start(store, request(1))
        try await sessions.run(store)
        try sessions.start(store, request(2), id: "b")
        await #expect(throws: (any Error).self) {
            try await sessions.run(DyingStore(store, commits: 5), id: "b")
        }
        let before = try store.priors(session: "b", entry: 0)
        #expect(before.count == 1)
        try sessions.start(store, request(3), id: "c")
        try await sessions.run(store, id: "c")
        #expect(try await sessions.run(store, id: "b").state == .finished)
        #expect(try store.priors(session: "b", entry: 0) == before)
    }
}
