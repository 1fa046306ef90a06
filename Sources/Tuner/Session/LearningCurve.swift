#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The best time so far after each trial of an entry, and what it promises.
struct LearningCurve: Hashable, Sendable {
    /// What a doubling of the trials may bring where the last brought nothing: a late find of a few per cent. It keeps no entry from
    /// being looked at again, the longer ago the sooner.
    static let optimism = 0.02
    /// A doubling of the trials is not trusted to bring more than a factor of e: a default ten times too slow is lost in the first
    /// trials and says nothing of the next.
    static let largestImprovement = 1.0

    /// Seconds a call; infinite until something worked.
    private(set) var best: [Double] = []

    var trials: Int { best.count }

    /// Nil until something worked.
    var seconds: Double? { best.last.flatMap { $0 < .infinity ? $0 : nil } }

    mutating func append(_ seconds: Double?) {
        let seconds = seconds.flatMap { $0 > 0 ? $0 : nil } ?? .infinity
        best.append(min(seconds, best.last ?? .infinity))
    }

    /// How much of the logarithm of the time the next trial is expected to take away.
    ///
    /// Search times fall about as a power of the trials: each doubling brings as much as the one before, spread over twice as many.
    /// The last doubling alone is a matter of luck, for a random search has one chance in two to find nothing in it; so it counts a
    /// half, the one before it a quarter, and so on.
    var expectedGain: Double {
        guard var later = seconds else { return Self.optimism / Double(max(trials, 1)) }
        var improvement = 0.0
        var weight = 0.5
        var count = trials / 2
        while count > 0 {
            let earlier = best[count - 1]
            improvement += weight * min(log(earlier / later), Self.largestImprovement)
            guard earlier < .infinity else { break }
            later = earlier
            weight /= 2
            count /= 2
        }
        return (improvement + Self.optimism) / Double(trials)
    }
}
