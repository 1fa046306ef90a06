import Foundation
import KernelSpace

/// A model of times that stands in for the hardware: cheap to ask about every candidate.
protocol Surrogate: Sendable {
    init(_ task: SearchTask, features: Features)

    /// Takes the configurations to predict, and what a prior says of each (0 the best elsewhere, 1 the bad); forgets those before.
    mutating func take(_ candidates: [SearchSpace.Number], prior: [Float]?)

    /// Learns `targets` (one for each of `points`, rows of the candidates) and predicts every row, by model and row.
    mutating func predict(points: [Int], targets: [Float], using generator: inout SeededGenerator)
        -> [[Prediction]]
}

/// What a model says of one candidate's target: a normal distribution.
struct Prediction: Hashable, Sendable {
    var mean: Float
    var deviation: Float

    /// Expected improvement (Jones, Schonlau, Welch 1998) over `best`, smaller being better.
    func expectedImprovement(over best: Float) -> Double {
        let gain = Double(best - mean)
        let deviation = Double(deviation)
        guard deviation > 1e-9 else { return max(0, gain) }
        let z = gain / deviation
        let density = exp(-0.5 * z * z) * 0.398_942_280_401_432_7
        return gain * 0.5 * erfc(-z * 0.707_106_781_186_547_5) + deviation * density
    }

    /// What the expected improvement is never above: spares most candidates the exponential.
    func largestImprovement(over best: Float) -> Double {
        Double(max(0, best - mean) + 0.4 * deviation)
    }
}
