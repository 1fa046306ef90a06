import KernelSpace
import Synchronization
import Testing
import Tuner
import WorkerProtocol

@Suite struct SessionRunnerTests {
    let clock = SessionRunner.Clock(elapsed: { 0 }, now: { 0 })

    func request(_ strategy: String, trials: Int? = 40, entries: Int = 1) -> SessionRequest {
        SessionRequest(
            target: "t", workload: (0..<entries).map { SyntheticProvider.entry($0 + 1) },
            budget: Budget(trials: trials), strategy: strategy, seed: 11, batch: 7)
    }

    func start(_ store: any RecordStore, _ request: SessionRequest, id: String = "a") throws {
        try store.commit([.session(Session(id: id, request: request, created: 0))])
    }

    @discardableResult
    func run(
        _ store: any RecordStore, _ provider: SyntheticProvider = SyntheticProvider(),
        id: String = "a", clock: SessionRunner.Clock? = nil,
        control: SessionControl = SessionControl(),
        publish: @escaping @Sendable (Event) -> Void = { _ in }
    ) async throws -> Session {
        let session = try #require(try store.session(id: id))
        return try await SessionRunner(
            session: session, store: store, provider: provider, clock: clock ?? self.clock,
            control: control, publish: publish
        ).run()
    }

    func events(_ store: any RecordStore, id: String = "a") throws -> [Event] {
        try store.events(session: id, from: 0, limit: 10_000)
    }

    @Test(
        "killed at any commit, a session resumes to the trials and records of an undisturbed run",
        arguments: StrategyDescription.small)
    func resumes(strategy: String) async throws {
        let request = request(strategy, entries: 2)
        let undisturbed: any RecordStore = InMemoryRecordStore()
        try start(undisturbed, request)
        let end = try await run(undisturbed)
        #expect(end.state == .finished)
        let expected = try undisturbed.trials(session: "a", entry: nil)
        let commits = try events(undisturbed).count
        #expect(expected.count == 80)

        // As in DividedSessionTests.
        for death in stride(from: 0, to: commits, by: strategy == "random" ? 1 : 11) {
            let store: any RecordStore = InMemoryRecordStore()
            try start(store, request)
            await #expect(throws: (any Error).self) {
                try await run(DyingStore(store, commits: death))
            }
            // A second death on the way, so that resuming is itself interrupted.
            _ = try? await run(DyingStore(store, commits: 9))
            let resumed = try await run(store)
            #expect(resumed.state == .finished)
            let trials = try store.trials(session: "a", entry: nil)
            // What had been measured is not measured again, so all is equal but how an evaluation was come by.
            #expect(trials.map(\.configuration) == expected.map(\.configuration), "\(death)")
            #expect(trials.map(\.evaluation) == expected.map(\.evaluation), "\(death)")
            #expect(resumed.results == end.results)
            #expect(
                try store.records(kernel: nil).map(\.configuration)
                    == undisturbed.records(kernel: nil).map(\.configuration))
            let numbers = try events(store).map(\.number)
            #expect(numbers == Array(0..<numbers.count))
        }
    }

    @Test("every event was stored before it is published")
    func storedFirst() async throws {
        let store: any RecordStore = InMemoryRecordStore()
        try start(store, request("random"))
        let missing = Mutex(0)
        try await run(store) { event in
            guard event.number >= 0 else { return }
            let stored = try? store.events(session: "a", from: event.number, limit: 1)
            if stored?.first != event { missing.withLock { $0 += 1 } }
        }
        #expect(missing.withLock { $0 } == 0)
    }

    @Test("a second session evaluates only what may not be remembered")
    func reuses() async throws {
        let store: any RecordStore = InMemoryRecordStore()
        try start(store, request("exhaustive", trials: nil))
        let first = SyntheticProvider()
        try await run(store, first)
        let trials = try store.trials(session: "a", entry: nil)
        let forgotten = trials.count { $0.evaluation.failure?.isDeterministic == false }
        #expect(first.evaluations.withLock { $0 } == trials.count)

        try start(store, request("random", trials: nil), id: "b")
        let second = SyntheticProvider()
        try await run(store, second, id: "b")
        #expect(second.evaluations.withLock { $0 } == forgotten)
        #expect(try store.trials(session: "b", entry: nil).count == trials.count)

        // A value added to every parameter: only configurations that have it are evaluated.
        try start(store, request("exhaustive", trials: nil), id: "c")
        let wider = SyntheticProvider(values: 7)
        try await run(store, wider, id: "c")
        let all = try store.trials(session: "c", entry: nil)
        let new = all.count { trial in
            trial.configuration.values.values.contains(.integer(6))
        }
        #expect(wider.evaluations.withLock { $0 } == new + forgotten)
    }

    @Test("the best configuration is found and recorded with the default beside it")
    func records() async throws {
        let store: any RecordStore = InMemoryRecordStore()
        try start(store, request("exhaustive", trials: nil))
        try await run(store)
        let record = try #require(try store.records(kernel: nil).first)
        let expected = ["p0": 4, "p1": 2, "p2": 3].mapValues(Value.integer)
        #expect(record.configuration.values == expected)
        #expect(record.seconds == 1)
        #expect(record.defaultSeconds == SyntheticProvider.seconds(record.defaultConfiguration))

        // The incumbent is not replaced by an equal.
        try start(store, request("random", trials: 10), id: "b")
        let again = try await run(store, id: "b")
        #expect(again.results[0]?.decision == .kept)
        #expect(try store.records(kernel: nil).first?.session == "a")
    }

    @Test("a winner that is not confirmed is out, the next best is recorded and the failure kept")
    func confirms() async throws {
        let best = Configuration(["p0": 4, "p1": 2, "p2": 3].mapValues(Value.integer))
        let wrong = Failure.wrongResult(
            problem: "7", buffer: "y", index: 3, value: "1", expected: "2")
        let provider = SyntheticProvider(disproved: [best: wrong])
        let store: any RecordStore = InMemoryRecordStore()
        try start(store, request("exhaustive", trials: nil))
        let session = try await run(store, provider)
        let record = try #require(try store.records(kernel: nil).first)
        #expect(record.configuration != best)
        #expect(record.seconds == 2)
        #expect(record.acceptance?.challenger.configuration == record.configuration)
        #expect(session.results[0]?.configuration == record.configuration)
        #expect(session.results[0]?.failures["wrongResult"] == 1)

        // Another session knows it from the start.
        try start(store, request("exhaustive", trials: nil), id: "b")
        try await run(store, id: "b")
        let trial = try store.trials(session: "b", entry: nil).first { $0.configuration == best }
        #expect(trial?.evaluation.failure == wrong)
        #expect(try store.records(kernel: nil).first?.session == "a")
    }

    @Test("where no finalist is confirmed, the default included, nothing is recorded")
    func nobodyConfirmed() async throws {
        let wrong = Failure.nondeterministic(
            problem: "7", buffer: "y", index: 3, value: "1", again: "2")
        let space = try SyntheticProvider().space(for: SyntheticProvider.entry(1), target: "t")
            .space
        let disproved = Dictionary(
            uniqueKeysWithValues: (0..<space.count).map { (space[$0], wrong) })
        let store: any RecordStore = InMemoryRecordStore()
        try start(store, request("exhaustive", trials: nil))
        let session = try await run(store, SyntheticProvider(disproved: disproved))
        #expect(try store.records(kernel: nil).isEmpty)
        let result = try #require(session.results[0])
        #expect(result.decision == .undecided && result.acceptance == nil)
        // The five best and the default.
        #expect(result.failures["nondeterministic"] == 6)
    }

    @Test("a record that fails in the comparison keeps its place, unless it turns out wrong")
    func holderFails() async throws {
        let store: any RecordStore = InMemoryRecordStore()
        try start(store, request("exhaustive", trials: nil))
        try await run(store)
        let holder = try #require(try store.records(kernel: nil).first).configuration
        let fails = { @Sendable (configuration: Configuration, _: Int) in configuration == holder }

        try start(store, request("exhaustive", trials: nil), id: "b")
        let kept = try await run(store, SyntheticProvider(fails: fails), id: "b")
        #expect(kept.results[0]?.decision == .undecided)
        #expect(try store.records(kernel: nil).first?.session == "a")

        let wrong = Failure.wrongResult(
            problem: "7", buffer: "y", index: 3, value: "1", expected: "2")
        try start(store, request("exhaustive", trials: nil), id: "c")
        let lost = try await run(
            store, SyntheticProvider(disproved: [holder: wrong], fails: fails), id: "c")
        #expect(lost.results[0]?.failures["wrongResult"] == 1)
        let record = try #require(try store.records(kernel: nil).first)
        #expect(record.session == "c" && record.configuration != holder)
    }

    @Test("a challenger that fails again and again gives way to the next")
    func challengerFails() async throws {
        let best = Configuration(["p0": 4, "p1": 2, "p2": 3].mapValues(Value.integer))
        let provider = SyntheticProvider { configuration, count in
            configuration == best && count == 2
        }
        let store: any RecordStore = InMemoryRecordStore()
        try start(store, request("exhaustive", trials: nil))
        try await run(store, provider)
        let record = try #require(try store.records(kernel: nil).first)
        #expect(record.configuration != best && record.seconds == 2)
        #expect(record.acceptance?.challenger.configuration == record.configuration)
    }

    @Test("a record keeps whom it beat, by how much and at what confidence")
    func acceptance() async throws {
        let store: any RecordStore = InMemoryRecordStore()
        var request = request("exhaustive", trials: nil)
        request.acceptance = AcceptanceTerms(confidence: 0.95, leastEffect: 0.02)
        try start(store, request)
        let end = try await run(store)
        let record = try #require(try store.records(kernel: nil).first)
        let acceptance = try #require(record.acceptance)
        #expect(acceptance.verdict == .faster)
        #expect(acceptance.challenger.configuration == record.configuration)
        #expect(acceptance.holder.configuration == record.defaultConfiguration)
        #expect(acceptance.terms == request.acceptance)
        #expect(acceptance.launches == 8)
        #expect(abs(acceptance.ratio - record.seconds / record.defaultSeconds) < 1e-9)
        #expect(acceptance.changesBits == true)
        #expect(end.results[0]?.acceptance == acceptance)
    }

    @Test("of finalists as good as each other the simpler one wins, and who was faster is named")
    func nearTie() async throws {
        let store: any RecordStore = InMemoryRecordStore()
        var request = request("exhaustive", trials: nil)
        // p0 = 4, p1 = 2 takes 1 s with p2 = 3 and 2 s with p2 = 2, which is less code; the default takes 24 s.
        request.acceptance = AcceptanceTerms(leastEffect: 0.6)
        try start(store, request)
        try await run(store)
        let record = try #require(try store.records(kernel: nil).first)
        let simpler = ["p0": 4, "p1": 2, "p2": 2].mapValues(Value.integer)
        #expect(record.configuration.values == simpler)
        let fastest = ["p0": 4, "p1": 2, "p2": 3].mapValues(Value.integer)
        #expect(record.acceptance?.setAside?.values == fastest)
    }

    @Test(
        "bitwise stable, the best of those with the default's bits is recorded and the faster named"
    )
    func bitwiseStable() async throws {
        let store: any RecordStore = InMemoryRecordStore()
        var request = request("exhaustive", trials: nil)
        request.acceptance.bitwiseStable = true
        try start(store, request)
        let end = try await run(store)
        let record = try #require(try store.records(kernel: nil).first)
        func bits(_ configuration: Configuration) throws -> UInt64 {
            let trial = try store.trials(session: "a", entry: nil).first {
                $0.configuration == configuration
            }
            guard case .measured(_, let verification) = trial?.evaluation.outcome else { return 0 }
            return verification.outputHash
        }
        #expect(try bits(record.configuration) == bits(record.defaultConfiguration))
        #expect(record.configuration != record.defaultConfiguration)
        #expect(record.acceptance?.changesBits == false)
        let fastest = ["p0": 4, "p1": 2, "p2": 3].mapValues(Value.integer)
        #expect(end.results[0]?.passedOver?.values == fastest)
    }

    @Test("a time budget ends each entry after its share, over interruptions too")
    func timeBudget() async throws {
        let seconds = Mutex(0.0)
        // Every look at the clock takes a tenth of a second.
        let clock = SessionRunner.Clock(
            elapsed: {
                seconds.withLock {
                    $0 += 0.1
                    return $0
                }
            }, now: { 0 })
        var request = request("exhaustive", trials: nil, entries: 2)
        request.budget.seconds = 20
        let store: any RecordStore = InMemoryRecordStore()
        try start(store, request)
        await #expect(throws: (any Error).self) {
            try await run(DyingStore(store, commits: 12), clock: clock)
        }
        let before = try #require(try store.session(id: "a")).elapsed
        #expect(before > 0)
        let end = try await run(store, clock: clock)
        #expect(end.state == .finished)
        #expect(end.elapsed > before)
        for result in end.results {
            let trials = try #require(result).trials
            #expect(trials > 5 && trials < 100, "\(trials)")
        }
    }

    @Test("a cancelled session tells its best and leaves the record, unless told to keep")
    func cancels() async throws {
        for keep in [false, true] {
            let store: any RecordStore = InMemoryRecordStore()
            try start(store, request("exhaustive", trials: nil))
            let end = try await interrupted(store, .cancel(keep: keep))
            #expect(end.state == .cancelled)
            #expect(end.results[0]?.configuration != nil)
            #expect(try store.records(kernel: nil).isEmpty == !keep)
        }
    }

    @Test("a shutdown leaves the session running, to be resumed")
    func shutsDown() async throws {
        let store: any RecordStore = InMemoryRecordStore()
        try start(store, request("exhaustive", trials: nil))
        let stopped = try await interrupted(store, .shutdown)
        #expect(stopped.state == .running)
        #expect(try store.session(id: "a")?.state == .running)
        #expect(try await run(store).state == .finished)
    }

    /// Stops the session at its twentieth trial.
    func interrupted(_ store: any RecordStore, _ stop: SessionControl.Stop) async throws
        -> Session
    {
        let control = SessionControl()
        let task = Mutex<Task<Session, any Error>?>(nil)
        let started = Task { [self] in
            while task.withLock({ $0 == nil }) { await Task.yield() }
            return try await run(store, control: control) { event in
                if case .trial(let trial) = event.body, trial.number == 20 {
                    control.stop(stop)
                    task.withLock { $0?.cancel() }
                }
            }
        }
        task.withLock { $0 = started }
        return try await started.value
    }

    @Test("a space in which nothing works ends without a record")
    func noneValid() async throws {
        let store: any RecordStore = InMemoryRecordStore()
        var request = request("exhaustive", trials: 1)
        request.batch = 1
        try start(store, request)
        let end = try await run(store, FailingProvider())
        #expect(end.results[0]?.decision == .noneValid)
        #expect(end.results[0]?.failures == ["compilation": 1])
        #expect(try store.records(kernel: nil).isEmpty)
    }

    func run(_ store: any RecordStore, _ provider: FailingProvider) async throws -> Session {
        let session = try #require(try store.session(id: "a"))
        return try await SessionRunner(
            session: session, store: store, provider: provider, clock: clock,
            control: SessionControl(), publish: { _ in }
        ).run()
    }
}

/// Every configuration of its space fails: the default has p2 = 1.
struct FailingProvider: EvaluatorProvider {
    let base = SyntheticProvider()

    func evaluator(
        for entry: WorkloadEntry, target: String,
        progress: @escaping @Sendable (EvaluationPhase) -> Void
    ) async throws -> any Evaluator {
        try await base.evaluator(for: entry, target: target, progress: progress)
    }
    func space(for entry: WorkloadEntry, target: String) throws -> (
        space: SearchSpace, defaultConfiguration: Configuration?
    ) {
        let space = try SearchSpace(
            parameters: base.parameters, constraints: [try Constraint("p2 == 1")])
        return (space, space[0])
    }
    func recordKey(for entry: WorkloadEntry, target: String) throws -> RecordKey {
        try base.recordKey(for: entry, target: target)
    }
    func facts(about entry: WorkloadEntry) throws -> EntryFacts { try base.facts(about: entry) }
}
