import WorkerProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How much two measurements of the same code differ on this machine: the least difference that means anything.
package struct NoiseFloor: Hashable, Codable, Sendable {
    /// Samples of two copies of one candidate, taken in alternation by one worker with buffers of its own.
    package struct Launch: Hashable, Sendable {
        package var first: [Double]
        package var second: [Double]

        package init(first: [Double], second: [Double]) {
            self.first = first
            self.second = second
        }
    }
    /// `compute` or `memory`, and what was timed.
    package var kind: String
    package var candidate: String
    package var launches: Int
    /// Of both copies.
    package var samples: Int
    /// 95 of 100 comparisons in alternation differ by less, as a share: what a session's acceptance sees in one launch.
    package var paired: Double
    /// 95 of 100 estimates from different workers differ by less: what a search sees. Nil for one launch.
    package var between: Double?
    /// Share of samples that took more than 1.2 × their launch's median.
    package var bursts: Double
    /// How much later launches differ from earlier ones, as a share; nil for fewer than four.
    package var drift: Double?

    /// Up to here differences do not hide what a comparison looks for.
    package static let goodBound = Concern.leastEffect
    /// Beyond it tuning misleads: searches are judged by coming within 5 % of the optimum, which then is luck.
    package static let misleadingBound = 0.05
    private static let burstFactor = 1.2
    private static let confidence = 0.95

    /// `rounds` is the default plan's number of samples a candidate. Nil without samples.
    package init?(kind: String, candidate: String, launches: [Launch], rounds: Int) {
        let launches = launches.filter { !$0.first.isEmpty && !$0.second.isEmpty }
        let windows = launches.map { Self.windows($0, rounds) }
        guard !launches.isEmpty else { return nil }
        self.kind = kind
        self.candidate = candidate
        self.launches = launches.count
        samples = launches.reduce(0) { $0 + $1.first.count + $1.second.count }
        paired = Self.quantile(windows.joined().compactMap(\.ratio).map { exp(abs($0)) - 1 })
        between = Self.between(windows)
        let medians = launches.map { Self.median($0.first + $0.second) }
        var late = 0
        for (launch, median) in zip(launches, medians) {
            late += (launch.first + launch.second).count { $0 > Self.burstFactor * median }
        }
        bursts = Double(late) / Double(samples)
        let half = medians.count / 2
        drift =
            half < 2
            ? nil
            : Self.median(Array(medians.suffix(half))) / Self.median(Array(medians.prefix(half)))
                - 1
    }

    /// The larger of both differences.
    package var worst: Double { max(paired, between ?? 0) }

    /// What it means for tuning.
    package var grade: Finding.Grade {
        worst > Self.misleadingBound ? .bad : worst > Self.goodBound ? .warning : .good
    }

    // MARK: - Statistics

    /// What a stretch of rounds says: both copies' estimates, and the logarithm of their ratio round by round.
    private struct Window {
        let first: Double
        let second: Double
        let ratio: Double?

        init(_ first: [Double], _ second: [Double]) {
            self.first = Estimate(samples: first).value
            self.second = Estimate(samples: second).value
            ratio = PairedRatio.logarithm(challenger: first, holder: second)
        }
    }

    /// Every stretch of `rounds` rounds; what is left over at the end is left out.
    private static func windows(_ launch: Launch, _ rounds: Int) -> [Window] {
        let count = min(launch.first.count, launch.second.count)
        let length = min(rounds, count)
        return stride(from: 0, through: count - length, by: length).map { start in
            let range = start..<start + length
            return Window(Array(launch.first[range]), Array(launch.second[range]))
        }
    }

    private static func between(_ windows: [[Window]]) -> Double? {
        var differences: [Double] = []
        for (index, launch) in windows.enumerated() {
            for other in windows.dropFirst(index + 1).joined() {
                for own in launch {
                    differences.append(difference(own.first, other.first))
                    differences.append(difference(own.second, other.second))
                }
            }
        }
        return differences.isEmpty ? nil : quantile(differences)
    }

    private static func difference(_ a: Double, _ b: Double) -> Double {
        max(a, b) / min(a, b) - 1
    }

    /// By nearest rank: with fewer than twenty values the largest.
    private static func quantile(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let rank = Int((confidence * Double(sorted.count)).rounded(.up))
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
