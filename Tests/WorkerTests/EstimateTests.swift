import Testing
import WorkerProtocol

/// Where the usual estimators fail on the noise of shared machines, and that ours does not. The true time is 1 everywhere.
@Suite struct EstimateTests {
    /// A clean sample: up to half a per cent more than the truth.
    private static func clean(_ generator: inout SplitMix) -> Double {
        1 + Double.random(in: 0...0.005, using: &generator)
    }

    private static func samples(
        _ count: Int, seed: UInt64, disturbed share: Double = 0,
        by factor: ClosedRange<Double> = 1.2...3
    ) -> [Double] {
        var generator = SplitMix(seed: seed)
        return (0..<count).map { _ in
            let clean = clean(&generator)
            guard Double.random(in: 0..<1, using: &generator) < share else { return clean }
            return clean * Double.random(in: factor, using: &generator)
        }
    }

    private static func mean(_ samples: [Double]) -> Double {
        samples.reduce(0, +) / Double(samples.count)
    }

    private static func median(_ samples: [Double]) -> Double {
        samples.sorted()[samples.count / 2]
    }

    private static func lowQuarterMean(_ samples: [Double]) -> Double {
        mean(Array(samples.sorted().prefix(max((samples.count + 3) / 4, 2))))
    }

    /// How far `estimator` is off in the worst of a hundred and of a thousand sets.
    private static func errors(_ sets: [[Double]], _ estimator: ([Double]) -> Double) -> (
        usual: Double, rare: Double
    ) {
        let errors = sets.map { abs(estimator($0) - 1) }.sorted()
        return (errors[errors.count * 99 / 100], errors[errors.count - 1 - errors.count / 1000])
    }

    private static func value(_ samples: [Double]) -> Double { Estimate(samples: samples).value }

    @Test func `bursts in one sample of ten spoil the mean and not the estimate`() {
        let sets = (1...2000).map { Self.samples(15, seed: $0, disturbed: 0.1) }
        #expect(Self.errors(sets, Self.mean).usual > 0.3)
        #expect(Self.errors(sets, Self.value).rare < 0.006)
    }

    @Test
    func `a neighbour that disturbs half of the samples spoils the median and not the estimate`() {
        let sets = (1...2000).map {
            Self.samples(30, seed: $0, disturbed: 0.5, by: 1.05...1.5)
        }
        #expect(Self.errors(sets, Self.median).usual > 0.1)
        #expect(Self.errors(sets, Self.value).usual < 0.006)
    }

    @Test
    func `lucky samples spoil the minimum and the mean of the lowest quarter, not the estimate`() {
        let sets = (1...2000).map {
            Self.samples(15, seed: $0, disturbed: 0.08, by: 0.8...0.95)
        }
        #expect(Self.errors(sets, { $0.min() ?? 0 }).usual > 0.15)
        #expect(Self.errors(sets, Self.lowQuarterMean).usual > 0.05)
        #expect(Self.errors(sets, Self.value).usual < 0.006)
    }

    @Test func `the minimum sinks with the number of samples and the estimate does not`() {
        func middle(_ count: Int, _ estimator: ([Double]) -> Double) -> Double {
            Self.median(
                (1...400).map {
                    estimator(Self.samples(count, seed: $0, disturbed: 0.08, by: 0.8...0.95))
                })
        }
        #expect(middle(10, { $0.min() ?? 0 }) - middle(100, { $0.min() ?? 0 }) > 0.05)
        #expect(abs(middle(10, Self.value) - middle(100, Self.value)) < 0.002)
    }

    @Test func `of two speeds the lower is told, where the median tells either`() {
        var medians = (low: 0, high: 0)
        var values = (low: 0, high: 0)
        for seed in UInt64(1)...500 {
            var generator = SplitMix(seed: seed)
            let samples = (0..<30).map { _ in
                Self.clean(&generator) * (Bool.random(using: &generator) ? 1.06 : 1)
            }
            if Self.median(samples) < 1.03 { medians.low += 1 } else { medians.high += 1 }
            if Self.value(samples) < 1.01 { values.low += 1 } else { values.high += 1 }
        }
        #expect(medians.low > 100 && medians.high > 100)
        #expect(values.high < 10)
    }

    @Test func `drift moves every estimate of one candidate and no ratio to a reference`() {
        // 5 % over 300 candidates, the reference timed before and after each group of eight.
        let slowdown = { (candidate: Int) in 1 + 0.05 * Double(candidate) / 300 }
        var worst = (mean: 0.0, median: 0.0, minimum: 0.0, plain: 0.0, corrected: 0.0)
        func off(_ value: Double, _ worst: inout Double) { worst = max(worst, abs(value - 1)) }
        for candidate in 0..<300 {
            func samples(_ count: Int, at place: Int, _ seed: Int) -> [Double] {
                Self.samples(count, seed: UInt64(seed), disturbed: 0.1)
                    .map { $0 * slowdown(place) }
            }
            let group = candidate / 8 * 8
            let own = samples(15, at: candidate, candidate + 1)
            let before = Self.value(samples(6, at: group, 1000 + group))
            let after = Self.value(samples(6, at: group + 8, 1000 + group + 8))
            off(Self.mean(own), &worst.mean)
            off(Self.median(own), &worst.median)
            off(own.min() ?? 0, &worst.minimum)
            off(Self.value(own), &worst.plain)
            off(Self.value(own) / (before * after).squareRoot(), &worst.corrected)
        }
        #expect(worst.mean > 0.045 && worst.median > 0.045 && worst.minimum > 0.045)
        #expect(worst.plain > 0.045)
        #expect(worst.corrected < 0.01)
    }

    @Test func `it is the mean of the lowest samples that agree`() {
        #expect(Estimate(samples: [4]).value == 4)
        #expect(Estimate(samples: [4, 2]).value == 3)
        // Three of seven; the 2 is lucky, the nines are bursts.
        #expect(abs(Estimate(samples: [9, 2, 4.01, 9, 4, 12, 3.99]).value - 4) < 1e-12)
        // Where nothing agrees, the closest do.
        #expect(Estimate(samples: [1, 2, 4, 5, 6, 9, 14]).value == 2.3333333333333335)
    }

    @Test func `ties have no width, and fewer than three samples no bound`() {
        let tied = Estimate(samples: [2, 2, 2, 2, 2, 2, 2])
        #expect(tied.value == 2 && tied.relativeError == 0)
        #expect(Estimate(samples: [0, 0, 0]).relativeError == 0)
        #expect(Estimate(samples: [2, 2]).relativeError == .infinity)
        // A coarse timer: half the samples on either of two ticks.
        let ticks = Estimate(samples: [2, 3, 2, 3, 2, 3, 2, 3])
        #expect(ticks.value == 2)
    }

    @Test func `more spread is a wider interval, and order does not matter`() {
        let narrow = (0..<15).map { 1 + Double($0) * 0.0001 }
        let wide = (0..<15).map { 1 + Double($0) * 0.01 }
        #expect(Estimate(samples: narrow).relativeError < 0.0025)
        #expect(Estimate(samples: wide).relativeError > 0.005)
        #expect(Estimate(samples: wide.reversed()) == Estimate(samples: wide))
    }

    @Test(arguments: [0.0, 0.1]) func `its interval holds what it tends to, five times in six`(
        _ share: Double
    ) {
        let limit = Self.value(Self.samples(4000, seed: 1, disturbed: share))
        let centre = Self.median(
            (1...1000).map { Self.value(Self.samples(15, seed: $0, disturbed: share)) })
        #expect(abs(limit - centre) < 0.001)
        let held = (1001...2000).count { seed in
            let estimate = Estimate(
                samples: Self.samples(15, seed: UInt64(seed), disturbed: share))
            return estimate.lower <= centre && centre <= estimate.upper
        }
        #expect(held > 834, "\(held)")
    }
}
