import Foundation

/// Times as a model learns them: logarithms from the best (0) to a cap (1).
///
/// Logarithms make a factor a distance. What is slower than the median by more than the best is faster, and what failed, lies at the
/// cap: how bad the bad ones are teaches nothing about the good ones, and would drown the differences between them.
struct TrialTargets {
    let values: [Float]

    /// One a trial, nil for a failure.
    init(seconds: [Double?]) {
        let logarithms = seconds.compactMap { $0.map { log(max($0, .leastNormalMagnitude)) } }
            .sorted()
        guard let best = logarithms.first, let worst = logarithms.last else {
            values = Array(repeating: 1, count: seconds.count)
            return
        }
        let median = logarithms[logarithms.count / 2]
        let reach = max(min(worst, 2 * median - best) - best, 1e-9)
        values = seconds.map { seconds in
            guard let seconds else { return 1 }
            let logarithm = log(max(seconds, .leastNormalMagnitude))
            return Float(min(1, (logarithm - best) / reach))
        }
    }
}
