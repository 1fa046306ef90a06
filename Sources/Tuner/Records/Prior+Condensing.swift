extension Prior {
    /// Most trials that a prior of a session keeps.
    public static let trialLimit = 200

    /// Keeps at most `limit` of `trials`, fastest first and failures last: the best half, and of the others a sample spread evenly
    /// over their ranks. The best say where to look, the others what to expect elsewhere.
    public init(source: String, condensing trials: [Trial], limit: Int = trialLimit) {
        precondition(limit > 0, "a prior keeps at least 1 trial, not \(limit)")
        let ranked = trials.enumerated().sorted {
            ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset)
        }.map(\.element)
        guard ranked.count > limit else {
            self.init(source: source, trials: ranked)
            return
        }
        let best = (limit + 1) / 2
        let rest = ranked[best...]
        let sampled = limit - best
        // The middle of each of `sampled` equal stretches.
        let spread = (0..<sampled).map { rest[best + (2 * $0 + 1) * rest.count / (2 * sampled)] }
        self.init(source: source, trials: ranked[..<best] + spread)
    }
}

extension Prior.Trial {
    /// What a strategy may learn from a trial; nil for one that might end otherwise the next time.
    public init?(_ trial: Trial) {
        guard trial.evaluation.failure?.isDeterministic ?? true else { return nil }
        self.init(configuration: trial.configuration, seconds: trial.evaluation.seconds)
    }

    fileprivate var rank: Double { seconds.flatMap { $0.isFinite ? $0 : nil } ?? .infinity }
}
