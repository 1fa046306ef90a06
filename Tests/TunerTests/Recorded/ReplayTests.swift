import KernelSpace
import Testing

@testable import Tuner

@Suite struct ReplayTests {
    @Test(
        "every strategy tunes a recorded space, the same way with the same seed",
        arguments: StrategyDescription.small)
    func strategies(strategy: String) async throws {
        let recorded = try fixture("dot.t4.json")
        let replay = try await Replay(
            recorded, strategy: strategy, budget: 30, batch: 8, seeds: [1, 2, 3])
        #expect(replay.runs.map(\.seed) == [1, 2, 3])
        for run in replay.runs {
            #expect(run.trials == 30)
            #expect((run.ratio ?? 0) >= 1)
            let configuration = try #require(run.configuration)
            let number = try #require(recorded.space.number(of: configuration))
            #expect(recorded.seconds(of: number) == run.seconds)
        }
        let again = try await Replay(
            recorded, strategy: strategy, budget: 30, batch: 8, seeds: [1, 2, 3])
        #expect(again == replay)
    }

    @Test("who tries everything finds the optimum")
    func exhaustive() async throws {
        let recorded = try fixture("rmsnorm.t4.json")
        let replay = try await Replay(
            recorded, strategy: "exhaustive", budget: 1000, batch: 4, seeds: [5])
        #expect(replay.runs[0].trials == 21)
        #expect(replay.runs[0].configuration == recorded.space[recorded.optimum.number])
        #expect(replay.summary.meanRatio == 1)
        #expect(replay.summary.successShare == 1)
        #expect(replay.summary.medianTrialsToTolerance == replay.runs[0].trialsToTolerance)
    }

    @Test("failures of the recording are failures of the session")
    func failures() async throws {
        let recorded = try RecordedSpace.reading(SameRecording.rows)
        let replay = try await Replay(
            recorded, strategy: "exhaustive", budget: 3, batch: 1, seeds: [1])
        #expect(replay.runs[0].failures == 1)
        // 3.5, 0.25 and the failure; the optimum is 0.125.
        #expect(replay.runs[0].ratio == 2)
        #expect(replay.runs[0].trialsToTolerance == nil)
        #expect(replay.summary.medianTrialsToTolerance == nil)
    }

    @Test("a space without a default starts with the strategy's first choice")
    func noDefault() async throws {
        let recorded = try fixture("rmsnorm.t4.json")
        let provider = RecordedProvider(recorded)
        let request = SessionRequest(
            target: "recorded", workload: [provider.entry], budget: Budget(trials: 3),
            strategy: "exhaustive", seed: 1, batch: 2)
        let store = InMemoryRecordStore()
        let queued = Session(id: "a", request: request, created: 0)
        try store.commit([.session(queued)])
        let session = try await SessionRunner(
            session: queued, store: store, provider: provider,
            clock: SessionRunner.Clock(elapsed: { 0 }, now: { 0 }), control: SessionControl(),
            publish: { _ in }
        ).run()
        let trials = store.trials(session: "a", entry: 0)
        #expect(trials.map(\.configuration) == (0..<3).map { recorded.space[$0] })
        let result = try #require(session.results[0])
        #expect(result.decision == .replaced)
        #expect(result.defaultSeconds == nil)
    }
}
