import KernelSpace
import Testing
@testable import Tuner

extension StrategyDescription {
    /// Every strategy, the models small: tests run without optimisation.
    static let small = all.map { description in
        description.options.contains { $0.name == "trees" }
            ? "\(description.name):trees=2,candidates=64" : description.name
    }
}

@Suite struct StrategyTests {
    @Test("the first draw of random is uniform over the valid configurations")
    func uniform() throws {
        let space = try SearchSpace(
            parameters: [
                Parameter(name: "p", role: .integer, values: (0..<20).map { .integer($0) })
            ], constraints: [])
        var counts = [Int](repeating: 0, count: Int(space.count))
        let draws = 20_000
        for seed in 0..<draws {
            var strategy = RandomStrategy(SearchTask(space: space, seed: UInt64(seed)))
            counts[Int(strategy.ask(1)[0])] += 1
        }
        let expected = Double(draws) / Double(space.count)
        let chiSquare = counts.reduce(0) {
            $0 + (Double($1) - expected) * (Double($1) - expected) / expected
        }
        // 19 degrees of freedom: 43.8 is exceeded once in a thousand; the seeds are fixed.
        #expect(chiSquare < 43.8)
    }
}
