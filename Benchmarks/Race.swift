import Foundation

/// Something that computes the product once a call.
struct Contestant {
    let name: String
    let run: () -> Void
}

/// Rounds in which every contestant is timed in turn, the first one rotating.
struct Race {
    let rounds: Int
    /// Seconds each contestant has in a round, at least three calls.
    let seconds: Double
    let contestants: [Contestant]

    /// By contestant: the shortest call of each round, in seconds.
    func run() -> [String: [Double]] {
        var minima: [String: [Double]] = [:]
        for contestant in contestants { contestant.run() }
        for round in 0..<rounds {
            for offset in contestants.indices {
                let contestant = contestants[(round + offset) % contestants.count]
                let end = now() + seconds
                var best = Double.infinity
                var calls = 0
                while calls < 3 || now() < end {
                    let start = now()
                    contestant.run()
                    best = min(best, now() - start)
                    calls += 1
                }
                minima[contestant.name, default: []].append(best)
            }
        }
        return minima
    }

    private func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC_RAW, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

/// Median over rounds of peer's minimum / own minimum, with the 95 % bootstrap interval of that median.
struct Ratio {
    let median: Double
    let lower: Double
    let upper: Double

    private static let resamples = 2000

    init(peer: [Double], own: [Double]) {
        let ratios = zip(peer, own).map { $0 / $1 }
        func median(_ values: [Double]) -> Double {
            let sorted = values.sorted()
            let middle = sorted.count / 2
            return sorted.count % 2 == 1
                ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        }
        let medians = (0..<Self.resamples).map { _ in
            median(ratios.map { _ in ratios.randomElement() ?? .nan })
        }.sorted()
        self.median = median(ratios)
        lower = medians[Self.resamples * 25 / 1000]
        upper = medians[Self.resamples * 975 / 1000]
    }
}
