import KernelSpace
import WorkerProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A challenger and the holder of a place against each other: what was measured and what follows from it.
public struct Acceptance: Hashable, Codable, Sendable {
    public struct Contestant: Hashable, Codable, Sendable {
        public var configuration: Configuration
        /// Seconds a call: the median of the launches' estimates.
        public var seconds: Double

        public init(configuration: Configuration, seconds: Double) {
            self.configuration = configuration
            self.seconds = seconds
        }
    }
    public enum Verdict: String, Codable, Sendable {
        /// The challenger takes the place.
        case faster
        /// The interval holds 1, or the difference is below the least effect.
        case notDistinguishable
        /// The whole interval lies above 1.
        case slower
    }
    public var challenger: Contestant
    public var holder: Contestant
    /// Challenger's time over the holder's: the estimate and its confidence interval, over launches.
    public var ratio: Double
    public var lower: Double
    public var upper: Double
    public var terms: AcceptanceTerms
    /// Worker launches that took part: each a new process with new buffers.
    public var launches: Int
    public var verdict: Verdict
    /// Whether the challenger computes other bits than the holder; nil where nobody knows.
    public var changesBits: Bool?
    /// The finalist that the screening saw in front of the challenger, by less than the least effect, and that is less simple; nil if there was none.
    public var setAside: Configuration?

    public init(
        challenger: Contestant, holder: Contestant, ratio: Double, lower: Double, upper: Double,
        terms: AcceptanceTerms, launches: Int, verdict: Verdict, changesBits: Bool? = nil,
        setAside: Configuration? = nil
    ) {
        self.challenger = challenger
        self.holder = holder
        self.ratio = ratio
        self.lower = lower
        self.upper = upper
        self.terms = terms
        self.launches = launches
        self.verdict = verdict
        self.changesBits = changesBits
        self.setAside = setAside
    }
}

/// What one launch measured of both.
package struct LaunchPair: Hashable, Codable, Sendable {
    package var challenger: Measurement
    package var holder: Measurement

    package init(challenger: Measurement, holder: Measurement) {
        self.challenger = challenger
        self.holder = holder
    }
}

extension Acceptance {
    /// Launches that fail before it is given up: a contestant that crashes again and again does not take a place.
    private static let failureLimit = 2

    /// Asks for launches until they decide. Nil when a contestant failed too often to say anything.
    package static func decide(
        challenger: Configuration, holder: Configuration, terms: AcceptanceTerms,
        isolation: isolated (any Actor)? = #isolation, launch: () async throws -> LaunchPair?
    ) async rethrows -> Acceptance? {
        var test = AcceptanceTest(terms)
        var pairs: [LaunchPair] = []
        var failures = 0
        while !test.isOver {
            let pair = try await launch()
            let logarithm = pair.flatMap {
                PairedRatio.logarithm(challenger: $0.challenger.samples, holder: $0.holder.samples)
            }
            guard let pair, let logarithm else {
                failures += 1
                if failures >= failureLimit { return nil }
                continue
            }
            pairs.append(pair)
            test.add(logarithm)
        }
        guard let interval = test.interval,
            let challengerSeconds = PairedRatio.median(pairs.map(\.challenger.seconds)),
            let holderSeconds = PairedRatio.median(pairs.map(\.holder.seconds))
        else { return nil }
        let verdict: Verdict =
            if test.decision == .accepted {
                .faster
            } else {
                interval.lower > 0 ? .slower : .notDistinguishable
            }
        return Acceptance(
            challenger: Contestant(configuration: challenger, seconds: challengerSeconds),
            holder: Contestant(configuration: holder, seconds: holderSeconds),
            ratio: exp(interval.estimate), lower: exp(interval.lower), upper: exp(interval.upper),
            terms: terms, launches: pairs.count, verdict: verdict)
    }
}
