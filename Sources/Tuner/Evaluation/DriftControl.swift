#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Corrects times for a machine that becomes slower or faster meanwhile, by a reference variant that is timed between groups of candidates.
struct DriftControl {
    /// Samples of the reference each time: three of them may be disturbed before the estimate is.
    static let referenceSamples = 6
    /// A group ends after so many candidates or so long: control costs about a tenth.
    static let groupSize = 8
    static let groupSeconds = 0.5
    /// When the reference moved by more than this within a group, nobody knows when: the group is measured again. Slow drift is 5 % in minutes,
    /// a thousandth in a group.
    static let tolerance = 0.05
    /// How often, at most. What moves all the time is noise, which repeating does not cure.
    static let repetitions = 2

    /// What the reference took when it was first timed.
    let base: Double
    /// What it took last, before the group.
    private(set) var before: Double

    init(base: Double, now: Double) {
        self.base = base
        before = now
    }

    /// The factor that corrects times by the last timing alone.
    var correction: Double { base / before }

    /// What a time of the first day takes now.
    func raw(_ seconds: Double) -> Double { seconds * before / base }

    /// The reference took `after` when the group was over. The factor that corrects the group's times, and whether it moved too much.
    mutating func end(after: Double) -> (correction: Double, hasMoved: Bool) {
        defer { before = after }
        return (
            base / (before * after).squareRoot(),
            abs(log(after / before)) > log(1 + Self.tolerance)
        )
    }
}
