import Testing
import WorkerProtocol

@Suite struct RacingTests {
    private let racing = Racing(best: 1)

    @Test func `three samples that are all slow lose, two do not`() {
        #expect(!racing.isLost([2, 2]))
        #expect(racing.isLost([2, 2, 2]))
        #expect(!racing.isLost([2, 2, 1.05]))
        #expect(!racing.isLost([1.09, 1.09, 1.09]))
    }

    @Test func `a hopeless warm-up loses at once, but only a call that is as long as a sample`() {
        #expect(racing.isLost(warmUp: 4.5, sampleSeconds: 0.5))
        #expect(!racing.isLost(warmUp: 3.5, sampleSeconds: 0.5))
        #expect(!racing.isLost(warmUp: 4.5, sampleSeconds: 5))
    }

    @Test func `the best seldom loses to itself when one sample in ten is a burst`() {
        var lost = 0
        for seed in UInt64(1)...20_000 {
            var generator = SplitMix(seed: seed)
            var samples: [Double] = []
            func sample() -> Double {
                let jitter = 1 + Double.random(in: 0...0.01, using: &generator)
                let isBurst = Double.random(in: 0..<1, using: &generator) < 0.1
                return isBurst ? jitter * Double.random(in: 1.2...3, using: &generator) : jitter
            }
            var gone = racing.isLost(warmUp: sample(), sampleSeconds: 0)
            while samples.count < 30, !gone {
                samples.append(sample())
                gone = racing.isLost(samples)
            }
            if gone { lost += 1 }
        }
        // One in a thousand by the rule; three standard deviations more.
        #expect(lost < 34, "\(lost)")
        #expect(lost > 6, "\(lost)")
    }
}
