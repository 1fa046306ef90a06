import Foundation
import KernelSpace

/// Model-guided: a surrogate of the trials so far, expected improvement over what is left. Of several models, the geometric mean of what
/// each expects: what one of them takes for hopeless is not tried because another is unsure of it.
///
/// Starts with configurations spread over the space. What was learnt elsewhere (priors) is one more feature, which the model uses as far
/// as it explains the trials here, and proposes half of the first configurations.
struct ModelStrategy<Model: Surrogate>: Strategy {
    /// Spaces up to here are scored whole, larger ones by a sample and the neighbours of the best.
    private static var wholeSpaceLimit: SearchSpace.Number { 32_768 }
    /// Random configurations of which the one farthest from the others begins.
    private static var spreadSample: Int { 100 }
    /// A model of more trials is no better where it matters and costs time.
    private static var modelledTrials: Int { 256 }
    /// Beyond that the trials to learn from are chosen again after so many more: a surrogate keeps what it made of them until then.
    private static var trialsPerChoice: Int { 32 }
    /// A batch has a member for so many trials known: without what its own members bring, a model of few trials proposes little more than chance.
    private static var trialsPerMember: Int { 3 }
    /// And no fewer than these: seven lost a fifth of the advantage over random at 25 trials, four lose a sixteenth.
    private static var leastMembers: Int { 4 }
    /// A sample of a large space is drawn again when the trials have grown by this factor.
    private static var trialsPerSample: Double { 1.15 }

    /// No model rules out a candidate altogether; of the way from the best to the bad.
    private static var leastImprovement: Double { 1e-8 }

    private let space: SearchSpace
    private let features: Features
    private var model: Model
    private let initialCount: Int
    private let sampleCount: Int
    /// A candidate this near to the most promising is as good if its machine code is there already.
    private let indifference: Double
    private let specializing: [Int]
    private var prior: PriorModel?
    private var generator: SeededGenerator
    private var draw: Draw

    /// Trials in the order told.
    private var trials: [Told] = []
    private var asked: Set<SearchSpace.Number> = []
    private var specializations: Set<[Int]> = []
    /// What was scored last; the model has it.
    private var scored: Candidates?

    init(_ task: SearchTask) {
        self.init(task, priors: [], indifference: 0)
    }

    /// `indifference`: share of the expected improvement given up for machine code that exists.
    init(_ task: SearchTask, priors: [Prior], indifference: Double) {
        space = task.space
        features = Features(space: space)
        model = Model(task, features: features)
        generator = SeededGenerator(seed: task.seed)
        draw = Draw(count: space.count, seed: generator.next())
        initialCount = Int(task.value(of: ModelOption.initial))
        sampleCount = Int(task.value(of: ModelOption.candidates))
        self.indifference = indifference
        specializing = task.space.parameters.indices.filter {
            task.space.parameters[$0].isSpecialization
        }
        prior = PriorModel(priors, space: space, using: &generator)
    }

    mutating func tell(_ outcomes: [Told]) {
        for outcome in outcomes {
            trials.append(outcome)
            take(outcome.configuration)
        }
    }

    mutating func ask(_ count: Int) -> [SearchSpace.Number] {
        let most = max(Self.leastMembers, trials.count / Self.trialsPerMember)
        let first = initialCount - trials.count
        let count = min(count, first > 0 ? first : most)
        var batch: [SearchSpace.Number] = []
        // What the model expects of the batch's own members: without it they would all lie in one place.
        var expected: [Float] = []
        while batch.count < count {
            let isInitial = trials.count + batch.count < initialCount
            let choice: (number: SearchSpace.Number, expected: Float)?
            if isInitial || !trials.contains(where: { $0.seconds != nil }) {
                choice = initialChoice(offset: batch.count)
            } else {
                let (learnt, targets) = lessons(batch, expected)
                choice = modelChoice(of: candidates(with: learnt), learnt, targets)
            }
            guard let choice else { break }
            take(choice.number)
            batch.append(choice.number)
            expected.append(choice.expected)
        }
        return batch
    }

    private mutating func take(_ number: SearchSpace.Number) {
        asked.insert(number)
        if indifference > 0 { specializations.insert(specialization(of: number)) }
    }

    private func specialization(of number: SearchSpace.Number) -> [Int] {
        let indices = space.configurationIndices(number)
        return specializing.map { indices[$0] }
    }

    // MARK: First configurations

    /// Every other one is what the prior promises most, the others are far from all there are.
    private mutating func initialChoice(offset: Int) -> (
        number: SearchSpace.Number, expected: Float
    )? {
        if (trials.count + offset) % 2 == 0, let number = prior?.next(unless: asked.contains) {
            return (number, 0.5)
        }
        return spreadOut().map { ($0, 0.5) }
    }

    /// Of some random configurations the one farthest from those asked, by value indices.
    private mutating func spreadOut() -> SearchSpace.Number? {
        let others = asked.sorted().map(space.configurationIndices)
        var best: (number: SearchSpace.Number, distance: Double)?
        for _ in 0..<(others.isEmpty ? 1 : Self.spreadSample) {
            guard space.count > 0 else { return nil }
            let number = SearchSpace.Number.random(in: 0..<space.count, using: &generator)
            guard !asked.contains(number) else { continue }
            let indices = space.configurationIndices(number)
            let nearest = others.map { distance($0, indices) }.min() ?? 0
            if nearest > best?.distance ?? -1 { best = (number, nearest) }
        }
        return best?.number ?? draw.next(unless: asked.contains)
    }

    private func distance(_ a: [Int], _ b: [Int]) -> Double {
        var sum = 0.0
        for (position, parameter) in space.parameters.enumerated() where parameter.values.count > 1
        {
            sum += Double(abs(a[position] - b[position])) / Double(parameter.values.count - 1)
        }
        return sum
    }

    // MARK: Modelled configurations

    private mutating func modelChoice(
        of candidates: Candidates, _ learnt: [SearchSpace.Number], _ targets: [Float]
    ) -> (number: SearchSpace.Number, expected: Float)? {
        let models = model.predict(
            points: learnt.compactMap(candidates.row), targets: targets, using: &generator)
        let best = targets.min() ?? 0
        // The product: a candidate must promise something to every model.
        func product(_ row: Int, of improvement: (Prediction) -> Double) -> Double {
            models.reduce(1) { $0 * (improvement($1[row]) + Self.leastImprovement) }
        }
        let share = pow(1 - indifference, Double(models.count))
        var isOpen = [Bool](repeating: true, count: candidates.numbers.count)
        for number in asked { if let row = candidates.row(of: number) { isOpen[row] = false } }
        var scores: [(row: Int, score: Double)] = []
        var top = -1.0
        for row in isOpen.indices where isOpen[row] {
            guard product(row, of: { $0.largestImprovement(over: best) }) >= top * share else {
                continue
            }
            let score = product(row) { $0.expectedImprovement(over: best) }
            top = max(top, score)
            if score >= top * share { scores.append((row, score)) }
        }
        let near = scores.filter { $0.score >= top * share }
            .sorted { ($1.score, $0.row) < ($0.score, $1.row) }
        func isBuilt(_ row: Int) -> Bool {
            specializations.contains(specialization(of: candidates.numbers[row]))
        }
        let chosen = indifference > 0 ? near.first { isBuilt($0.row) } : nil
        guard let row = (chosen ?? near.first)?.row else {
            return draw.next(unless: asked.contains).map { ($0, 1) }
        }
        let means = models.map { $0[row].mean }
        return (candidates.numbers[row], means.reduce(0, +) / Float(means.count))
    }

    /// What is scored, and what the model learns from.
    private struct Candidates {
        var numbers: [SearchSpace.Number]
        /// Nil if every number is its row.
        var rows: [SearchSpace.Number: Int]?
        /// The fastest of the trials that they were chosen by.
        var best: SearchSpace.Number?
        /// Whether they serve until there are so many trials.
        var end = Int.max

        func row(of number: SearchSpace.Number) -> Int? {
            if let rows { return rows[number] }
            return Int(number)
        }
    }

    /// The whole space, or a sample of it with the neighbours of the best and all `learnt`.
    ///
    /// A sample serves until there is a new best, whose neighbours it lacks, something to learn from that it lacks, or a model that is due to
    /// be fitted again anyway.
    private mutating func candidates(with learnt: [SearchSpace.Number]) -> Candidates {
        let ranked = ranked()
        if let scored, trials.count < scored.end,
            scored.rows == nil || scored.best == ranked.first?.configuration,
            learnt.allSatisfy({ scored.row(of: $0) != nil })
        {
            return scored
        }
        var found =
            space.count <= Self.wholeSpaceLimit
            ? Candidates(numbers: Array(0..<space.count)) : sample(with: learnt, near: ranked)
        if found.rows != nil {
            found.best = ranked.first?.configuration
            found.end = Int((Double(trials.count) * Self.trialsPerSample).rounded(.up))
        }
        model.take(
            found.numbers,
            prior: prior.map {
                $0.predictions(for: features.table(of: found.numbers), row: found.row)
            })
        scored = found
        return found
    }

    private mutating func sample(with learnt: [SearchSpace.Number], near ranked: [Told])
        -> Candidates
    {
        var numbers: [SearchSpace.Number] = []
        var rows: [SearchSpace.Number: Int] = [:]
        func add(_ number: SearchSpace.Number) {
            guard rows[number] == nil else { return }
            rows[number] = numbers.count
            numbers.append(number)
        }
        learnt.forEach(add)
        prior?.configurations.forEach(add)
        for trial in ranked.prefix(5) where trial.seconds != nil {
            let neighbours = space.neighbours(of: trial.configuration)
            // Domains of thousands of values have thousands of neighbours: an even sample does.
            for number in stride(from: 0, to: neighbours.count, by: 1 + neighbours.count / 512) {
                add(neighbours[number])
            }
        }
        for _ in 0..<sampleCount {
            add(SearchSpace.Number.random(in: 0..<space.count, using: &generator))
        }
        return Candidates(numbers: numbers, rows: rows)
    }

    /// What the model learns from: all trials, or a choice of them (the best half, an even sample of the others) and those since.
    private func lessons(_ batch: [SearchSpace.Number], _ expected: [Float]) -> (
        configurations: [SearchSpace.Number], targets: [Float]
    ) {
        var learnt = trials
        if learnt.count > Self.modelledTrials {
            let excess = learnt.count - Self.modelledTrials
            let chosen = learnt.count - 1 - (excess - 1) % Self.trialsPerChoice
            let room = Self.modelledTrials - Self.trialsPerChoice
            let order = ranked(learnt.prefix(chosen))
            let others = order.dropFirst(room / 2)
            let step = (others.count + room / 2 - 1) / (room / 2)
            learnt =
                order.prefix(room / 2)
                + stride(from: others.startIndex, to: others.endIndex, by: step).map { others[$0] }
                + learnt.dropFirst(chosen)
        }
        let targets = TrialTargets(seconds: learnt.map(\.seconds)).values
        return (learnt.map(\.configuration) + batch, targets + expected)
    }

    /// The fastest first, failures last, the earlier first among equals.
    private func ranked(_ trials: ArraySlice<Told>? = nil) -> [Told] {
        (trials ?? self.trials[...]).enumerated().sorted {
            ($0.element.seconds ?? .infinity, $0.offset)
                < ($1.element.seconds ?? .infinity, $1.offset)
        }.map(\.element)
    }
}

/// What every model-guided strategy can be told.
enum ModelOption {
    static let initial = StrategyOption(
        name: "initial", summary: "configurations spread over the space before the model leads",
        defaultValue: 7, range: 1...1_000)
    static let candidates = StrategyOption(
        name: "candidates",
        summary: "configurations of a large space that the model is asked about",
        defaultValue: 8_192, range: 1...1_000_000)
    static let all = [initial, candidates]
}
