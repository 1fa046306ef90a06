import KernelSpace
import Testing
@testable import Tuner

extension StrategyDescription {
    /// Every strategy, the models small: tests run without optimisation.
    static let small = all.map { description in
        let small = ["trees": 2, "steps": 2, "candidates": 64]
        let settings = description.options.compactMap { option in
            small[option.name].map { "\(option.name)=\($0)" }
        }
        return settings.isEmpty
            ? description.name : "\(description.name):\(settings.joined(separator: ","))"
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

@Suite struct GaussianProcessTests {
    /// Bowls with the bottom at row 12 of 21.
    static func process() throws -> GaussianProcess<MaternCovariance> {
        let space = try SearchSpace(
            parameters: [
                Parameter(name: "p", role: .integer, values: (0..<21).map { .integer($0) })
            ], constraints: [])
        var process = GaussianProcess<MaternCovariance>(
            SearchTask(space: space, seed: 1), features: Features(space: space))
        process.take(Array(0..<space.count), prior: nil)
        return process
    }
    static func target(_ row: Int) -> Float { Float((row - 12) * (row - 12)) / 144 }

    @Test("a process is surest where it was told, and finds the bottom between what it was told")
    func interpolates() throws {
        var process = try Self.process()
        var generator = SeededGenerator(seed: 1)
        let points = [0, 4, 8, 16, 20]
        let predictions = process.predict(
            points: points, targets: points.map(Self.target), using: &generator)[0]
        for point in points {
            #expect(abs(predictions[point].mean - Self.target(point)) < 0.1)
            #expect(predictions[point].deviation < predictions[12].deviation)
        }
        let bottom = predictions.indices.min { predictions[$0].mean < predictions[$1].mean }
        #expect((9...15).contains(bottom ?? -1))
    }

    @Test("a point told later teaches what it would have taught at once")
    func incremental() throws {
        var generator = SeededGenerator(seed: 2)
        let points = [0, 20, 10, 3, 17, 6, 13]
        var process = try Self.process()
        _ = process.predict(points: points, targets: points.map(Self.target), using: &generator)
        // The next fit is due at nine points: both have the same lengths.
        let later = process.predict(
            points: points + [8], targets: (points + [8]).map(Self.target), using: &generator)[0]
        let same = process.predict(
            points: points + [8], targets: (points + [8]).map(Self.target), using: &generator)[0]
        #expect(later == same)
        #expect(abs(later[8].mean - Self.target(8)) < 0.1)
        #expect(later[8].deviation < later[9].deviation)
    }
}

/// Two models at odds: each is thrilled by a row of its own that the other takes for hopeless, and both like row 9 a little.
private struct TwoMinds: Surrogate {
    private var rows = 0

    init(_ task: SearchTask, features: Features) {}

    mutating func take(_ candidates: [SearchSpace.Number], prior: [Float]?) {
        rows = candidates.count
    }

    mutating func predict(points: [Int], targets: [Float], using generator: inout SeededGenerator)
        -> [[Prediction]]
    {
        [3, 15].map { favourite in
            (0..<rows).map { row in
                let mean: Float = row == favourite ? -5 : row == 9 ? -1 : 5
                return Prediction(mean: mean, deviation: 0.1)
            }
        }
    }
}

@Suite struct ModelStrategyTests {
    @Test("what both of two models promise is tried before what only one is thrilled by")
    func product() throws {
        let space = try SearchSpace(
            parameters: [
                Parameter(name: "p", role: .integer, values: (0..<21).map { .integer($0) })
            ], constraints: [])
        var strategy = ModelStrategy<TwoMinds>(
            SearchTask(space: space, seed: 1, options: ["initial": 1]))
        strategy.tell([Told(configuration: 20, seconds: 1)])
        #expect(strategy.ask(1) == [9])
    }

    @Test("the first batch completes the first configurations, later ones grow with what is known")
    func batches() throws {
        let space = try SearchSpace(
            parameters: [
                Parameter(name: "p", role: .integer, values: (0..<64).map { .integer($0) })
            ], constraints: [])
        var strategy = ModelStrategy<TwoMinds>(
            SearchTask(space: space, seed: 1, options: ["initial": 7]))
        strategy.tell([Told(configuration: 20, seconds: 1)])
        var sizes: [Int] = []
        while sizes.count < 5 {
            let batch = strategy.ask(16)
            sizes.append(batch.count)
            strategy.tell(batch.map { Told(configuration: $0, seconds: Double($0 + 1)) })
        }
        #expect(sizes == [6, 4, 4, 5, 6])
    }
}
