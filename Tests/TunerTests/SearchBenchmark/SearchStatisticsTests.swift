import Foundation
import Testing

@testable import Tuner

@Suite struct SearchStatisticsTests {
    @Test("every space counts alike, whatever its number of runs")
    func means() {
        let statistics = SearchStatistics(ratios: [[1, 4], [1, 1, 1, 1]])
        #expect(abs(statistics.geometricMean - 2.0.squareRoot()) < 1e-12)
        #expect(statistics.shareWithinTolerance == 0.75)
    }

    @Test("what is 5 % from the optimum has found it, what is farther has not")
    func tolerance() {
        #expect(SearchStatistics(ratios: [[1.05, 1.051]]).shareWithinTolerance == 0.5)
    }

    /// Ratios whose logarithms are uniform on 0 ..< 1.
    private static func sample(_ count: Int, seed: UInt64) -> SearchStatistics {
        var generator = SeededGenerator(seed: seed)
        return SearchStatistics(
            ratios: [(0..<count).map { _ in exp(Double.random(in: 0..<1, using: &generator)) }])
    }

    @Test("the interval holds the true mean 95 times of 100, about")
    func coverage() {
        let truth = exp(0.5)
        let held = (1...200).count { Self.sample(40, seed: $0).interval.contains(truth) }
        // Binomial of 200 at 0.95: outside once in a thousand; the bootstrap is a little too narrow.
        #expect((178...199).contains(held), "\(held)")
    }

    @Test("excess is a fraction of the peer's, its interval around it")
    func excess() {
        let peer = SearchStatistics(ratios: [[1.2, 1.2, 1.2]])
        let same = SearchStatistics(ratios: [[1.1, 1.1]]).excess(over: peer)
        #expect(abs(same.fraction - 0.5) < 1e-9)
        #expect(abs(same.interval.lowerBound - 0.5) < 1e-9)
        let noisy = Self.sample(30, seed: 1).excess(over: Self.sample(30, seed: 2))
        #expect(noisy.interval.contains(noisy.fraction))
        #expect(noisy.interval.upperBound > noisy.interval.lowerBound)
    }
}

@Suite struct SearchPeersTests {
    private static let text = """
        {"format": "peer-search/1", "runs": [
         {"space": "a", "strategy": "good", "budget": 20, "traj": [[1, 4.0], [6, 2.0], [20, 1.0]]},
         {"space": "b", "strategy": "good", "budget": 20, "traj": [[2, 3.0]]},
         {"space": "b", "strategy": "good", "budget": 5, "traj": [[1, 1.0]]},
         {"space": "a", "strategy": "elsewhere", "budget": 20, "traj": [[1, 1.0]]},
         {"space": "a", "strategy": "late", "budget": 20, "traj": [[9, 1.0]]},
         {"space": "b", "strategy": "late", "budget": 20, "traj": [[1, 1.0]]}]}
        """

    @Test("what a peer had found by a budget; those that miss a space are left out")
    func statistics() throws {
        let peers = try withFile(Array(Self.text.utf8)) { try SearchPeers(file: $0) }
        let found = peers.statistics(
            spaces: [("a", 1e-3), ("b", 1.5e-3)], budgets: [5, 10, 20])
        #expect(found.map(\.strategy) == ["good"], "'late' has nothing after 5 evaluations")
        #expect(found[0].statistics.map(\.ratios) == [[[4], [2]], [[2], [2]], [[1], [2]]])
    }

    @Test("a file of something else is refused by name")
    func malformed() throws {
        try withFile(Array("{\"runs\": 3}".utf8)) { file in
            let error = try #require(throws: TunerError.self) { try SearchPeers(file: file) }
            #expect(error.description.contains(file), "\(error)")
            #expect(error.description.contains("peer-search/1"), "\(error)")
        }
    }
}

@Suite struct SearchBenchmarkTests {
    private func benchmark(threads: Int, batch: Int = 1) async throws -> SearchBenchmark {
        try await SearchBenchmark(
            spaces: [("dot", fixture("dot.t4.json")), ("rmsnorm", fixture("rmsnorm.t4.json"))],
            strategies: ["forest:trees=2", "random", "exhaustive"], budgets: [10, 1_000], seeds: 3,
            batch: batch, threads: threads)
    }

    @Test("what is found hangs on seeds alone, not on threads")
    func deterministic() async throws {
        let one = try await benchmark(threads: 1)
        let three = try await benchmark(threads: 3)
        let ratios = [one, three].map { $0.runs.map { $0.map { $0.map(\.ratios) } } }
        #expect(ratios[0] == ratios[1])
        #expect(one.runs[1][0][0].ratios != one.runs[1][0][1].ratios, "seeds differ")
    }

    @Test("a run never loses what it found, and who tries everything finds the optimum")
    func curves() async throws {
        let benchmark = try await benchmark(threads: 2, batch: 16)
        for run in benchmark.runs.joined().joined() {
            #expect(run.ratios.count == 1_000)
            #expect(zip(run.ratios, run.ratios.dropFirst()).allSatisfy { $0 >= $1 })
            #expect(run.ratios.last == 1)
            #expect(run.slowest > 0 && run.seconds > 0)
        }
        #expect(benchmark.statistics(strategy: 0, budget: 10).geometricMean > 1)
        #expect(benchmark.results.count == 2 * 3 * 2)
        let last = try #require(benchmark.results.last)
        #expect(last.space == "rmsnorm" && last.strategy == "exhaustive" && last.budget == 1_000)
        #expect(last.ratio == 1 && last.shareWithin5Percent == 1 && last.runs == 3)
    }

    @Test("a wrong strategy is refused before anything runs")
    func refused() async throws {
        await #expect(throws: TunerError.self) {
            try await SearchBenchmark(
                spaces: [("dot", fixture("dot.t4.json"))], strategies: ["frobnicate"],
                budgets: [1], seeds: 1, batch: 1, threads: 1)
        }
    }
}
