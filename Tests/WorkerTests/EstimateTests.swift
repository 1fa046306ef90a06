import Testing
import WorkerProtocol

@Suite struct EstimateTests {
    /// A true time of 1 that disturbance, one time in three, makes up to twice as long, with a jitter of 0.1 %.
    private func disturbed(_ count: Int, seed: UInt64) -> [Double] {
        var generator = SplitMix(seed: seed)
        return (0..<count).map { _ in
            let jitter = Double.random(in: 0...0.001, using: &generator)
            let isDisturbed = Int.random(in: 0..<3, using: &generator) == 0
            return 1 + jitter + (isDisturbed ? Double.random(in: 0...1, using: &generator) : 0)
        }
    }

    @Test func `it is the mean of the lowest quarter, two at least`() {
        #expect(Estimate(samples: [4]).value == 4)
        #expect(Estimate(samples: [4, 2]).value == 3)
        #expect(Estimate(samples: [9, 2, 9, 4, 9, 9, 9]).value == 3)
        #expect(Estimate(samples: [9, 2, 9, 3, 9, 9, 9, 4, 9]).value == 3)
    }

    @Test func `disturbance that only adds time hardly moves it`() {
        for seed in UInt64(1)...300 {
            let estimate = Estimate(samples: disturbed(15, seed: seed))
            #expect(abs(estimate.value - 1) < 0.002, "seed \(seed)")
        }
    }

    @Test func `one lucky sample moves it less than the minimum`() {
        for seed in UInt64(1)...300 {
            let samples = disturbed(15, seed: seed) + [0.9]
            let estimate = Estimate(samples: samples)
            #expect(estimate.value > 0.97, "seed \(seed)")
        }
    }

    @Test func `equal samples have no width and one sample has no bound`() {
        #expect(Estimate(samples: [2, 2, 2, 2, 2, 2, 2]).relativeWidth == 0)
        #expect(Estimate(samples: [2]).relativeWidth == .infinity)
    }

    @Test func `more spread is a wider interval, and order does not matter to the value`() {
        let narrow = (0..<15).map { 1 + Double($0) * 0.0001 }
        let wide = (0..<15).map { 1 + Double($0) * 0.01 }
        #expect(Estimate(samples: narrow).relativeWidth < 0.005)
        #expect(Estimate(samples: wide).relativeWidth > 0.01)
        #expect(Estimate(samples: wide.reversed()).value == Estimate(samples: wide).value)
    }
}
