import KernelSpace

/// What was learnt elsewhere about a kernel, carried over to the space at hand: the mean of what a forest for each prior predicts.
struct PriorModel: Sendable {
    private let sources: [(configurations: [SearchSpace.Number], targets: [Float])]
    /// The best trials of all priors that are valid here, the most promising last.
    private var proposals: [SearchSpace.Number]
    private let seed: UInt64

    /// Nil if no trial has its configuration in this space.
    init?(_ priors: [Prior], space: SearchSpace, using generator: inout SeededGenerator) {
        var sources: [(configurations: [SearchSpace.Number], targets: [Float])] = []
        var ranked: [(rank: Int, source: Int, number: SearchSpace.Number)] = []
        for prior in priors {
            let known = prior.trials.compactMap { trial in
                space.number(of: trial.configuration).map {
                    Told(configuration: $0, seconds: trial.seconds)
                }
            }
            guard known.contains(where: { $0.seconds != nil }) else { continue }
            let targets = TrialTargets(seconds: known.map(\.seconds)).values
            for (rank, row) in known.indices.sorted(by: { (targets[$0], $0) < (targets[$1], $1) })
                .prefix(5).enumerated() where known[row].seconds != nil
            {
                ranked.append((rank, sources.count, known[row].configuration))
            }
            sources.append((known.map(\.configuration), targets))
        }
        guard !sources.isEmpty else { return nil }
        self.sources = sources
        proposals = ranked.sorted { ($0.rank, $0.source) < ($1.rank, $1.source) }.reversed()
            .map(\.number)
        seed = generator.next()
    }

    /// The next configuration that did well elsewhere.
    mutating func next(unless isTaken: (SearchSpace.Number) -> Bool) -> SearchSpace.Number? {
        while let number = proposals.popLast() { if !isTaken(number) { return number } }
        return nil
    }

    /// Every configuration it learnt from.
    var configurations: [SearchSpace.Number] { sources.flatMap(\.configurations) }

    /// What to expect of each row of a table that has rows for all `configurations`: 0 the best elsewhere, 1 the bad.
    func predictions(for table: FeatureTable, row: (SearchSpace.Number) -> Int?) -> [Float] {
        // The same forest whatever the table: the draws depend on the priors alone.
        var generator = SeededGenerator(seed: seed)
        var sums = [Float](repeating: 0, count: table.rows)
        for source in sources {
            let predictions = ExtraTrees(trees: 16).predict(
                table, points: source.configurations.compactMap(row), targets: source.targets,
                using: &generator)
            for row in sums.indices { sums[row] += predictions[row].mean }
        }
        return sums.map { $0 / Float(sources.count) }
    }
}
