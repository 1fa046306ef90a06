import KernelSpace
import Testing
import WorkerProtocol

@testable import Tuner

@Suite struct EnvironmentTests {
    // MARK: Reading

    private func machine(_ files: [String: String], core: Int = 1) -> MachineConditions {
        MachineConditions(core: core, hypervisor: nil) { files[$0] }
    }

    private static let cpus = "/sys/devices/system/cpu"

    @Test func `a machine is read from its files`() {
        let files = [
            Self.cpus + "/cpu1/cpufreq/scaling_governor": "schedutil",
            Self.cpus + "/cpu1/cpufreq/scaling_driver": "acpi-cpufreq",
            Self.cpus + "/cpufreq/boost": "1",
            Self.cpus + "/cpu1/topology/thread_siblings_list": "1,9",
            "/sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never",
            "/sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc",
            Self.cpus + "/isolated": "1-3",
            Self.cpus + "/nohz_full": "2-3",
        ]
        let machine = machine(files)
        #expect(machine.governor == "schedutil")
        #expect(machine.frequencyDriver == "acpi-cpufreq")
        #expect(machine.boost == true)
        #expect(machine.siblings == [9])
        #expect(machine.hugePages == "madvise")
        #expect(machine.clockSource == "tsc")
        #expect(machine.isIsolated == true)
        #expect(machine.isTickless == false)
    }

    @Test func `what a machine does not tell is nil, not invented`() {
        let machine = machine([:])
        #expect(machine.governor == nil && machine.boost == nil && machine.siblings == nil)
        #expect(machine.hugePages == nil && machine.clockSource == nil)
        #expect(machine.isIsolated == nil && machine.isTickless == nil)
        let counters = HostCounters(core: 1) { _ in nil }
        #expect(counters.cores.isEmpty && counters.load == nil && counters.runnable == nil)
        #expect(counters.throttles == nil && counters.temperature == nil)
    }

    @Test func `Intel's switch says the opposite of the others'`() {
        #expect(machine([Self.cpus + "/intel_pstate/no_turbo": "1"]).boost == false)
        #expect(machine([Self.cpus + "/intel_pstate/no_turbo": "0"]).boost == true)
        #expect(machine([Self.cpus + "/cpufreq/boost": "0"]).boost == false)
        #expect(machine([Self.cpus + "/cpufreq/boost": "?"]).boost == nil)
    }

    private func counters(
        _ stat: String, load: String = "0.50 0.40 0.30 2/180 77", others: [String: String] = [:]
    ) -> HostCounters {
        let files = ["/proc/stat": stat, "/proc/loadavg": load].merging(others) { $1 }
        return HostCounters(core: 1) { files[$0] }
    }

    @Test func `busy, stolen and idle time are told apart`() throws {
        let counters = counters(
            """
            cpu  60 0 30 1000 10 0 0 20 5 0
            cpu0 30 0 15 500 5 0 0 10 5 0
            cpu1 20 1 2 400 30 3 4 40 7 0
            intr 1 2 3
            ctxt 99
            """)
        #expect(counters.cores.keys.sorted() == [0, 1])
        let core = try #require(counters.cores[1])
        // Guest time is in user time already.
        #expect(core.busy == 30 && core.stolen == 40 && core.total == 500)
        #expect(counters.load == 0.5 && counters.runnable == 2)
    }

    @Test(arguments: [
        "", "cpu1", "cpu1 1 2 3", "cpu1 a b c d e f g h", "cpu1 1 2 3 4 5 6 7 -8",
        "cpux 1 2 3 4 5 6 7 8", "cpu1 9223372036854775807 1 1 1 1 1 1 9223372036854775807", "\u{0}",
    ])
    func `malformed counters are no counters`(text: String) {
        let counters = counters(text, load: text)
        #expect(counters.cores.isEmpty)
        #expect(counters.load == nil && counters.runnable == nil)
    }

    @Test func `heat is read where there are sensors of a processor`() {
        let zones = "/sys/class/thermal/thermal_zone"
        let throttle = Self.cpus + "/cpu1/thermal_throttle"
        let counters = counters(
            "",
            others: [
                zones + "0/type": "acpitz", zones + "0/temp": "99000",
                zones + "1/type": "x86_pkg_temp", zones + "1/temp": "61500",
                zones + "2/type": "cpu-thermal", zones + "2/temp": "60000",
                throttle + "/core_throttle_count": "3", throttle + "/package_throttle_count": "4",
            ])
        #expect(counters.temperature == 61.5)
        #expect(counters.throttles == 7)
    }

    // MARK: A batch

    @Test func `a batch is what the counters gained`() throws {
        let start = counters("cpu0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0\ncpu2 0 0 0 0 0 0 0 0")
        let end = counters(
            "cpu0 80 0 0 20 0 0 0 0\ncpu1 90 0 0 5 0 0 0 5\ncpu2 25 0 0 75 0 0 0 0",
            load: "3.00 1 1 9/99 1")
        let host = EnvironmentCertificate.Host(
            from: start, to: end, seconds: 2, used: [1], siblings: [2])
        #expect(host.stolenShare == 0.05)
        #expect(host.siblingLoad == 0.25)
        #expect(host.otherLoad == 1.05)
        #expect(host.load == 3 && host.runnable == 9)
        #expect(host.throttles == nil)
        // With threads on all of them nobody can tell whose the load was.
        let all = EnvironmentCertificate.Host(
            from: start, to: end, seconds: 2, used: [1, 0, 2], siblings: [2])
        #expect(all.siblingLoad == nil && all.otherLoad == nil)
        // No tick passed: nothing is known.
        let none = EnvironmentCertificate.Host(
            from: end, to: end, seconds: 0, used: [1], siblings: [])
        #expect(none.stolenShare == nil && none.otherLoad == nil)
    }

    private func certificate(
        seconds: Double = 1, stolen: Double? = nil, kept: Int = 100, repeated: Int = 0,
        tainted: Int = 0, spread: Double? = nil, hypervisor: String? = nil,
        governor: String? = nil, sibling: Double? = nil, other: Double? = nil,
        throttles: Int? = nil, disturbance: Disturbance = Disturbance()
    ) -> EnvironmentCertificate {
        var machine = MachineConditions(core: 1, hypervisor: hypervisor) { _ in nil }
        machine.governor = governor
        var samples = EnvironmentCertificate.Samples()
        samples.kept = kept
        samples.repeated = repeated
        samples.tainted = tainted
        samples.spread = spread
        samples.disturbance = disturbance
        return EnvironmentCertificate(
            machine: machine,
            host: EnvironmentCertificate.Host(
                seconds: seconds, stolenShare: stolen, siblingLoad: sibling, otherLoad: other,
                throttles: throttles), samples: samples)
    }

    @Test func `batches are joined by their time and their samples`() throws {
        let joined = try #require(
            EnvironmentCertificate([
                certificate(seconds: 1, stolen: 0.4, kept: 10, spread: 0.01, throttles: 1),
                certificate(seconds: 3, stolen: 0, kept: 30, tainted: 2, spread: 0.03),
                certificate(seconds: 4, stolen: nil, kept: 40, spread: nil, throttles: 2),
            ]))
        #expect(joined.host.seconds == 8)
        #expect(joined.host.stolenShare == 0.1)
        #expect(joined.host.throttles == 3)
        #expect(joined.samples.kept == 80 && joined.samples.tainted == 2)
        #expect(abs(try #require(joined.samples.spread) - 0.025) < 1e-12)
        #expect(EnvironmentCertificate([]) == nil)
    }

    // MARK: Concerns

    private func kinds(_ certificate: EnvironmentCertificate) -> [Concern.Kind] {
        certificate.concerns.map(\.kind)
    }

    @Test func `good conditions raise no concern, and every bound is one`() {
        #expect(kinds(certificate()).isEmpty)
        #expect(kinds(certificate(hypervisor: "KVM")).isEmpty)
        #expect(kinds(certificate(spread: 0.5)).isEmpty)
        #expect(kinds(certificate(spread: 0.01, hypervisor: "KVM")).isEmpty)
        #expect(kinds(certificate(spread: 0.0101, hypervisor: "KVM")) == [.sharedHost])
        #expect(kinds(certificate(stolen: 0.01)).isEmpty)
        #expect(kinds(certificate(stolen: 0.0101)) == [.stolenTime])
        #expect(kinds(certificate(kept: 90, repeated: 10)).isEmpty)
        #expect(kinds(certificate(kept: 90, repeated: 11)) == [.disturbedSamples])
        #expect(kinds(certificate(kept: 90, tainted: 10)) == [.disturbedSamples])
        #expect(kinds(certificate(throttles: 0)).isEmpty)
        #expect(kinds(certificate(throttles: 1)) == [.throttling])
        #expect(kinds(certificate(sibling: 0.02)).isEmpty)
        #expect(kinds(certificate(sibling: 0.03)) == [.siblingLoad])
        #expect(kinds(certificate(other: 0.5)).isEmpty)
        #expect(kinds(certificate(other: 0.6)) == [.otherLoad])
        #expect(kinds(certificate(governor: "performance")).isEmpty)
        #expect(kinds(certificate(governor: "powersave")) == [.governor])
    }

    @Test func `concerns say how bad it is, worst kinds first`() {
        let certificate = certificate(
            stolen: 0.043, kept: 80, repeated: 15, tainted: 5, spread: 0.031, hypervisor: "KVM",
            governor: "ondemand", sibling: 0.5, other: 1.26, throttles: 2,
            disturbance: Disturbance(
                involuntarySwitches: 31, minorFaults: 3, majorFaults: 1, offCoreSeconds: 0.0414))
        #expect(
            certificate.concerns.map(\.message) == [
                "measured on a shared host: ±3.1 %",
                "4.3 % of the core's time was stolen",
                "21 % of samples disturbed (31 switches, 4 page faults, 41 ms off the core, 5 kept)",
                "slowed by heat 2 times",
                "its hyper-thread worked 50 % of the time",
                "1.3 other cores worked meanwhile",
                "clock governor ondemand",
            ])
    }

    @Test func `of several the worst of each kind stays`() {
        let concerns =
            certificate(stolen: 0.05, governor: "powersave").concerns
            + certificate(stolen: 0.2, throttles: 1).concerns + certificate().concerns
        #expect(
            concerns.worst().map(\.message) == [
                "20 % of the core's time was stolen", "slowed by heat 1 time",
                "clock governor powersave",
            ])
    }

    // MARK: Sessions

    @Test func `a session keeps the conditions of every batch, a record those of its comparison`()
        async throws
    {
        let store: any RecordStore = InMemoryRecordStore()
        let request = SessionRequest(
            target: "t", workload: [SyntheticProvider.entry(1)], budget: Budget(trials: 21),
            strategy: "exhaustive", seed: 1, batch: 7)
        try store.commit([.session(Session(id: "a", request: request, created: 0))])
        func run(_ store: any RecordStore, _ id: String = "a") async throws -> Session {
            try await SessionRunner(
                session: try #require(try store.session(id: id)), store: store,
                provider: WatchedProvider(),
                clock: SessionRunner.Clock(elapsed: { 0 }, now: { 0 }),
                control: SessionControl(), publish: { _ in }
            ).run()
        }
        // Interrupted: what the first batches were measured under is in the log.
        await #expect(throws: DyingStore.Death.self) {
            _ = try await run(DyingStore(store, commits: 12))
        }
        let session = try await run(store)
        let events = try store.events(session: "a", from: 0, limit: 1000)
        let conditions = events.compactMap { event -> EnvironmentCertificate? in
            if case .conditions(0, let certificate) = event.body { certificate } else { nil }
        }
        let result = try #require(session.results[0])
        let joined = try #require(result.environment)
        #expect(joined == EnvironmentCertificate(conditions))
        let record = try #require(try store.records(kernel: nil).first)
        #expect(record.environment == conditions.last)
        let acceptance = try #require(record.acceptance)
        // So few come near the best that only the last heat takes place.
        let heat = try #require(FinalComparison.heats.last)
        let compared = WatchedEvaluator.comparison * (heat.launches + acceptance.launches)
        #expect(record.environment?.samples.kept == compared)
        #expect(joined.samples.kept == result.trials + compared)

        // A comparison that leaves the record as it is has conditions too.
        try store.commit([.session(Session(id: "b", request: request, created: 0))])
        let kept = try #require(try await run(store, "b").results[0])
        #expect(kept.decision == .kept)
        #expect(kept.environment?.samples.kept ?? 0 >= WatchedEvaluator.comparison)
    }
}

/// Evaluates as SyntheticProvider does, and certifies one sample a configuration and many a comparison.
private struct WatchedProvider: EvaluatorProvider {
    let base = SyntheticProvider()

    func evaluator(
        for entry: WorkloadEntry, target: String,
        progress: @escaping @Sendable (EvaluationPhase) -> Void
    ) async throws -> any Evaluator {
        WatchedEvaluator(
            base: try await base.evaluator(for: entry, target: target, progress: progress))
    }
    func space(for entry: WorkloadEntry, target: String) throws -> (
        space: SearchSpace, defaultConfiguration: Configuration?
    ) { try base.space(for: entry, target: target) }
    func recordKey(for entry: WorkloadEntry, target: String) throws -> RecordKey {
        try base.recordKey(for: entry, target: target)
    }
    func facts(about entry: WorkloadEntry) throws -> EntryFacts { try base.facts(about: entry) }
}

private actor WatchedEvaluator: Evaluator {
    static let comparison = 1000
    private let base: any Evaluator
    private var samples = 0

    init(base: any Evaluator) { self.base = base }

    func evaluate(
        _ configurations: [Configuration], standing: SearchStanding,
        finished: @Sendable (Int, [Evaluation]) async throws -> Void
    ) async throws {
        try await base.evaluate(configurations, standing: standing) {
            first, evaluations in
            await self.count(evaluations.count)
            try await finished(first, evaluations)
        }
    }
    private func count(_ more: Int) { samples += more }

    func compare(_ configurations: [Configuration], rounds: Int) async throws -> [Measurement?] {
        samples += Self.comparison
        return try await base.compare(configurations, rounds: rounds)
    }
    func confirm(_ configuration: Configuration) async throws -> Failure? {
        try await base.confirm(configuration)
    }
    func takeCertificate() -> EnvironmentCertificate? {
        defer { samples = 0 }
        var taken = EnvironmentCertificate.Samples()
        taken.kept = samples
        return samples == 0
            ? nil
            : EnvironmentCertificate(
                machine: MachineConditions(core: 0, hypervisor: nil) { _ in nil },
                host: EnvironmentCertificate.Host(seconds: 1), samples: taken)
    }
    nonisolated func key(of configuration: Configuration) -> Fingerprint {
        base.key(of: configuration)
    }
    func timeSplit() async -> TimeSplit { await base.timeSplit() }
    func finish() async { await base.finish() }
}
