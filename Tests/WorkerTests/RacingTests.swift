import Testing
import WorkerProtocol

@Suite struct RacingTests {
    private let racing = Racing(best: 1)

    @Test func `three samples lose by a half, five by a tenth, if all of them do`() {
        #expect(!racing.isLost([]))
        #expect(!racing.isLost([2, 2]))
        #expect(racing.isLost([2, 2, 2]))
        #expect(!racing.isLost([2, 2, 1.4, 2]))
        #expect(racing.isLost([2, 2, 1.2, 2, 2]))
        #expect(!racing.isLost([2, 2, 1.05, 2, 2]))
    }

    @Test func `a hopeless warm-up loses at once, but only a call that is as long as a sample`() {
        #expect(racing.isLost(warmUp: 4.5, sampleSeconds: 0.5))
        #expect(!racing.isLost(warmUp: 3.5, sampleSeconds: 0.5))
        #expect(!racing.isLost(warmUp: 4.5, sampleSeconds: 5))
    }

    @Test func `of a best that is disturbed in four samples of ten, one in a hundred is lost`() {
        var lost = 0
        for seed in UInt64(1)...10_000 {
            var generator = SplitMix(seed: seed)
            let samples = (0..<7).map { _ in
                Double.random(in: 0..<1, using: &generator) < 0.4
                    ? Double.random(in: 1.1...1.5, using: &generator) : 1
            }
            if (1...7).contains(where: { racing.isLost(Array(samples[..<$0])) }) { lost += 1 }
        }
        // 0.4⁵ = 1.02 %, and three standard deviations more.
        #expect(lost < 135 && lost > 70, "\(lost)")
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
        // 0.06 % of three bursts by half or more: 12, and three standard deviations more.
        #expect(lost < 23, "\(lost)")
        #expect(lost > 2, "\(lost)")
    }
}
