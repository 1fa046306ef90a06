import Foundation
import Testing
import Tuner

@testable import tunectl

struct ReplayReportTests {
    private let json = """
        {"kernel": "dot", "problem": "n=8", "device": "Xeon", "configurations": 84, "failures": 2,
         "optimum": 0.00000125, "strategy": "random", "budget": 20, "batch": 8,
         "runs": [
          {"seed": 1, "trials": 20, "failures": 1, "configuration": {"lanes": 8}, "seconds": 0.00000125,
           "ratio": 1, "trialsToTolerance": 7},
          {"seed": 2, "trials": 20, "failures": 20}],
         "summary": {"successShare": 0.5, "medianTrialsToTolerance": 7}}
        """

    @Test("a replay is a heading, a row a seed and the summary")
    func lines() throws {
        let replay = try JSONDecoder().decode(Replay.self, from: Data(json.utf8))
        #expect(
            ReplayReport(replay: replay).lines(width: nil).map(\.text) == [
                "dot n=8 on Xeon: 84 configurations, 2 failed, best 1.25 µs; random, 20 trials in batches of 8",
                "seed  trials  failed     best  best/optimum  within 5 % at  configuration",
                "   1      20       1  1.25 µs        1.000×        trial 7  lanes=8",
                "   2      20      20        –             –              –",
                "2 seeds: 1 found nothing that works, 50 % within 5 %, after 7 trials in the median",
            ])
    }
}
