#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How two configurations compare within one worker launch, from samples taken in alternation.
///
/// Sample i of both was taken in round i, within milliseconds, so whatever slows the machine slows both: the ratio of a round is free
/// of drift. The median of the rounds ignores bursts that hit one sample, whichever of the two it hits. It says nothing of its own confidence: the
/// rounds of a launch share its pages and addresses, and err in common. That is what further launches are for.
enum PairedRatio {
    /// The median of log(challenger / holder); nil without rounds.
    static func logarithm(challenger: [Double], holder: [Double]) -> Double? {
        median(zip(challenger, holder).map { log($0 / $1) })
    }

    /// The middle value, or between the two middle ones; nil without values.
    static func median(_ values: [Double]) -> Double? {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        guard !sorted.isEmpty else { return nil }
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
