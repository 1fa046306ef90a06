import Foundation
import KernelSpace
import Synchronization
import Testing

@testable import Tuner

@Suite struct DividedSessionTests {
    let clock = SessionRunner.Clock(elapsed: { 0 }, now: { 0 })

    func request(
        _ kinds: [UnevenProvider.Kind], strategy: String = "random", seed: UInt64 = 11,
        budget: Budget, weights: [Double]? = nil
    ) -> SessionRequest {
        SessionRequest(
            target: "t", workload: UnevenProvider.workload(kinds, weights: weights),
            budget: budget, strategy: strategy, seed: seed, batch: 7)
    }

    @discardableResult
    func run(
        _ store: any RecordStore, _ request: SessionRequest? = nil,
        clock: SessionRunner.Clock? = nil, control: SessionControl = SessionControl(),
        publish: @escaping @Sendable (Event) -> Void = { _ in }
    ) async throws -> Session {
        if let request {
            try store.commit([.session(Session(id: "a", request: request, created: 0))])
        }
        let session = try #require(try store.session(id: "a"))
        return try await SessionRunner(
            session: session, store: store, provider: UnevenProvider(), clock: clock ?? self.clock,
            control: control, publish: publish
        ).run()
    }

    /// Every look at it takes so long.
    func ticking(_ step: Double) -> SessionRunner.Clock {
        let time = Mutex(0.0)
        return SessionRunner.Clock(
            elapsed: {
                time.withLock {
                    $0 += step
                    return $0
                }
            }, now: { 0 })
    }

    func counts(_ store: any RecordStore, entries: Int) throws -> [Int] {
        try (0..<entries).map { try store.trials(session: "a", entry: $0).count }
    }

    @Test(
        "killed at any commit, a session of uneven problems resumes to the undisturbed trials",
        arguments: StrategyDescription.small)
    func resumes(strategy: String) async throws {
        let request = request(
            [.optimal, .small, .rough], strategy: strategy, budget: Budget(trials: 30))
        let undisturbed: any RecordStore = InMemoryRecordStore()
        let end = try await run(undisturbed, request)
        #expect(end.state == .finished)
        let expected = try undisturbed.trials(session: "a", entry: nil)
        #expect(expected.count == 90)
        let events = try undisturbed.events(session: "a", from: 0, limit: 1000)

        // Every commit with the strategy that costs nothing; that each one's log is replayed is shown by some.
        for death in stride(from: 0, to: events.count, by: strategy == "random" ? 1 : 11) {
            let store: any RecordStore = InMemoryRecordStore()
            try store.commit([.session(Session(id: "a", request: request, created: 0))])
            await #expect(throws: (any Error).self) {
                try await run(DyingStore(store, commits: death))
            }
            // A second death on the way, so that resuming is itself interrupted.
            _ = try? await run(DyingStore(store, commits: 5))
            let resumed = try await run(store)
            #expect(resumed.state == .finished)
            let trials = try store.trials(session: "a", entry: nil)
            #expect(trials.map(\.configuration) == expected.map(\.configuration), "\(death)")
            #expect(trials.map(\.entry) == expected.map(\.entry), "\(death)")
            #expect(resumed.results == end.results, "\(death)")
            for entry in 0..<3 {
                #expect(
                    try store.priors(session: "a", entry: entry)
                        == undisturbed.priors(session: "a", entry: entry))
            }
            let numbers = try store.events(session: "a", from: 0, limit: 1000).map(\.number)
            #expect(numbers == Array(0..<numbers.count))
        }
    }

    @Test("entries interleave; each begins with its default and starts from those before it")
    func interleaves() async throws {
        let store: any RecordStore = InMemoryRecordStore()
        try await run(store, request([.optimal, .rough], budget: Budget(trials: 40)))
        var turns: [Int] = []
        var isFirst = true
        for event in try store.events(session: "a", from: 0, limit: 1000) {
            guard case .trial(let trial) = event.body else { continue }
            if trial.number == 0 {
                #expect(trial.configuration == trial.configuration.zeroed)
            }
            if isFirst || turns.last != trial.entry { turns.append(trial.entry) }
            isFirst = false
        }
        #expect(turns.count > 3)
        #expect(try store.priors(session: "a", entry: 0).isEmpty)
        let priors = try store.priors(session: "a", entry: 1)
        #expect(priors.map(\.source) == ["n=1 on t"])
        #expect(priors[0].trials.count == 8, "the default and the first turn")
    }

    @Test(
        "who has much to gain gets more trials, and the workload ends faster than evenly divided",
        arguments: ["random", "hillclimb"])
    func divides(strategy: String) async throws {
        let seeds: Range<UInt64> = 1..<31
        var logarithms = (divided: 0.0, even: 0.0)
        var more = 0
        for seed in seeds {
            let store: any RecordStore = InMemoryRecordStore()
            let session = try await run(
                store,
                request(
                    [.optimal, .rough], strategy: strategy, seed: seed, budget: Budget(trials: 60)))
            let counts = try counts(store, entries: 2)
            #expect(counts.reduce(0, +) == 120)
            #expect(counts.min() ?? 0 >= 15, "seed \(seed): a quarter of the even share")
            if counts[1] > counts[0] { more += 1 }
            for result in session.results {
                logarithms.divided += log2(try #require(result?.seconds))
            }
            // The seed of an entry is the session's plus its index.
            for (index, kind) in [UnevenProvider.Kind.optimal, .rough].enumerated() {
                let store: any RecordStore = InMemoryRecordStore()
                let alone = try await run(
                    store,
                    request(
                        [kind], strategy: strategy, seed: seed + UInt64(index),
                        budget: Budget(trials: 60)))
                logarithms.even += log2(try #require(alone.results[0]?.seconds))
            }
        }
        #expect(more >= 27, "\(more) of 30")
        #expect(
            logarithms.divided < logarithms.even,
            "\(logarithms.divided) and \(logarithms.even)")
    }

    @Test(
        "a time budget is divided too, and resuming neither loses nor doubles a trial",
        arguments: [nil, 40])
    func time(trials: Int?) async throws {
        let request = request(
            [.optimal, .rough, .small], budget: Budget(trials: trials, seconds: 150))
        let undisturbed: any RecordStore = InMemoryRecordStore()
        let end = try await run(undisturbed, request, clock: ticking(0.1))
        #expect(end.state == .finished)
        let counts = try counts(undisturbed, entries: 3)
        if trials == nil { #expect(counts[2] == 16, "all there is") }
        #expect(counts[0] >= 9 && counts[1] > counts[0], "\(counts)")
        #expect(counts.reduce(0, +) <= trials.map { 3 * $0 } ?? .max)
        #expect(end.entrySeconds.allSatisfy { $0 > 0 })
        #expect(end.entrySeconds.reduce(0, +) <= end.elapsed)

        for death in stride(from: 1, to: counts.reduce(0, +), by: 5) {
            let store: any RecordStore = InMemoryRecordStore()
            try store.commit([.session(Session(id: "a", request: request, created: 0))])
            await #expect(throws: (any Error).self) {
                try await run(DyingStore(store, commits: death), clock: ticking(0.1))
            }
            #expect(try await run(store, clock: ticking(0.1)).state == .finished)
            for entry in 0..<3 {
                let trials = try store.trials(session: "a", entry: entry)
                let expected = try undisturbed.trials(session: "a", entry: entry)
                #expect(trials.map(\.number) == Array(trials.indices))
                let common = min(trials.count, expected.count)
                #expect(
                    trials.prefix(common).map(\.configuration)
                        == expected.prefix(common).map(\.configuration))
            }
        }
    }

    @Test("the shortest time still has the default of everything")
    func shortest() async throws {
        let store: any RecordStore = InMemoryRecordStore()
        let end = try await run(
            store, request([.optimal, .rough, .small], budget: Budget(seconds: 0.5)),
            clock: ticking(1))
        #expect(end.state == .finished)
        #expect(try counts(store, entries: 3) == [1, 1, 1])
        #expect(end.results.allSatisfy { $0?.seconds != nil })
    }

    @Test("an entry that cannot be tuned fails the session after the others are decided")
    func broken() async throws {
        let store: any RecordStore = InMemoryRecordStore()
        let end = try await run(
            store, request([.rough, .broken, .optimal], budget: Budget(trials: 20)))
        guard case .failed(let message) = end.state else {
            Issue.record("\(end.state)")
            return
        }
        #expect(message.contains("does not compile"))
        #expect(end.results.map { $0 == nil } == [false, true, false])
        #expect(try store.records(kernel: nil).count == 2)
    }

    @Test("a cancelled session tells the best of every entry that began")
    func cancels() async throws {
        for keep in [false, true] {
            let store: any RecordStore = InMemoryRecordStore()
            let control = SessionControl()
            let task = Mutex<Task<Session, any Error>?>(nil)
            let request = request([.rough, .optimal], budget: Budget())
            let started = Task { [self] in
                while task.withLock({ $0 == nil }) { await Task.yield() }
                return try await run(store, request, control: control) { event in
                    if case .trial(let trial) = event.body, trial.entry == 1, trial.number == 5 {
                        control.stop(.cancel(keep: keep))
                        task.withLock { $0?.cancel() }
                    }
                }
            }
            task.withLock { $0 = started }
            let end = try await started.value
            #expect(end.state == .cancelled)
            #expect(end.results.allSatisfy { $0?.configuration != nil })
            #expect(try store.records(kernel: nil).count == (keep ? 2 : 0))
        }
    }
}

extension Configuration {
    /// The same parameters, all 0.
    fileprivate var zeroed: Configuration { Configuration(values.mapValues { _ in .integer(0) }) }
}
