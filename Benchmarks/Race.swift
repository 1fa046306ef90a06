import Foundation

/// Something that computes the same as its competitors once a call.
struct Contestant {
    let name: String
    /// Computes with that copy of the buffers.
    let run: (_ copy: Int) -> Void
}

/// Rounds in which every contestant is timed in turn, the first one rotating.
struct Race {
    let rounds: Int
    /// Seconds each contestant has in a round, at least three samples.
    let seconds: Double
    /// Copies of the buffers that calls rotate through.
    let copies: Int
    let contestants: [Contestant]

    /// A sample lasts so long that reading the clock, some 30 ns, is a thousandth of it.
    private static let sampleSeconds = 3e-5

    /// By contestant: the shortest seconds a call of each round.
    func run() -> [String: [Double]] {
        var minima: [String: [Double]] = [:]
        var copy = 0
        func sample(_ contestant: Contestant, calls: Int) -> Double {
            let start = now()
            for _ in 0..<calls {
                contestant.run(copy)
                copy += 1
                if copy == copies { copy = 0 }
            }
            return (now() - start) / Double(calls)
        }
        let calls = contestants.map { contestant in
            // The first call pays for pages and for what a library makes once.
            _ = sample(contestant, calls: copies)
            let once = sample(contestant, calls: 1)
            return max(1, Int((Self.sampleSeconds / max(once, 1e-8)).rounded(.up)))
        }
        for round in 0..<rounds {
            for offset in contestants.indices {
                let index = (round + offset) % contestants.count
                let end = now() + seconds
                var best = Double.infinity
                var samples = 0
                while samples < 3 || now() < end {
                    best = min(best, sample(contestants[index], calls: calls[index]))
                    samples += 1
                }
                minima[contestants[index].name, default: []].append(best)
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

/// Median over rounds of a competitor's minimum / own minimum, with the 95 % bootstrap interval of that median.
struct Ratio: Codable {
    let median: Double
    let lower: Double
    let upper: Double

    private static let resamples = 2000

    init(of other: [Double], over own: [Double]) {
        let ratios = zip(other, own).map { $0 / $1 }
        var generator = SystemRandomNumberGenerator()
        let medians = (0..<Self.resamples).map { _ in
            Self.median(
                ratios.map { _ in ratios.randomElement(using: &generator) ?? .nan })
        }.sorted()
        median = Self.median(ratios)
        lower = medians[Self.resamples * 25 / 1000]
        upper = medians[Self.resamples * 975 / 1000]
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        guard !sorted.isEmpty else { return .nan }
        return sorted.count % 2 == 1
            ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
