import Foundation
import KernelSpace

/// Model-guided: extremely randomised trees over the trials so far, expected improvement over what is left.
///
/// Starts with configurations spread over the space. What was learnt elsewhere (priors) is one more feature, which the trees use as far
/// as it explains the trials here, and proposes half of the first configurations.
public struct ForestStrategy: Strategy {
    /// Spaces up to here are scored whole, larger ones by a sample and the neighbours of the best.
    static let wholeSpaceLimit: SearchSpace.Number = 32_768
    /// Random configurations of which the one farthest from the others begins.
    static let spreadSample = 100
    /// A model of more trials is no better where it matters and costs time.
    static let modelledTrials = 256

    private let space: SearchSpace
    private let features: Features
    private let forest: ExtraTrees
    private let initialCount: Int
    private let sampleCount: Int
    /// A candidate this near to the most promising is as good if its machine code is there already.
    private let indifference: Double
    private let specializing: [Int]
    /// How far the trees err together, which their spread does not show. Without it the search passes over what they agree to be nearly as
    /// good as the best, in favour of what they know nothing of.
    private let commonError: Float
    private var prior: PriorModel?
    private var generator: SeededGenerator
    private var draw: Draw

    /// Trials in the order told.
    private var trials: [Told] = []
    private var asked: Set<SearchSpace.Number> = []
    private var specializations: Set<[Int]> = []
    /// All configurations, if they are scored whole.
    private var whole: Candidates?

    public init(_ task: SearchTask) {
        self.init(task, priors: [], indifference: 0)
    }

    /// `indifference`: share of the expected improvement given up for machine code that exists.
    init(_ task: SearchTask, priors: [Prior], indifference: Double) {
        space = task.space
        features = Features(space: space)
        generator = SeededGenerator(seed: task.seed)
        draw = Draw(count: space.count, seed: generator.next())
        var forest = ExtraTrees()
        forest.trees = Int(task.value(of: Self.trees))
        forest.tries = Int(task.value(of: Self.tries))
        initialCount = Int(task.value(of: Self.initial))
        sampleCount = Int(task.value(of: Self.candidates))
        commonError = Float(task.value(of: Self.error))
        self.indifference = indifference
        specializing = task.space.parameters.indices.filter {
            task.space.parameters[$0].isSpecialization
        }
        prior = PriorModel(priors, space: space, using: &generator)
        forest.alwaysTriesLast = prior != nil
        self.forest = forest
    }

    static let trees = StrategyOption(
        name: "trees", summary: "trees of the forest", defaultValue: 48, range: 1...1_000)
    static let tries = StrategyOption(
        name: "features", summary: "features tried at a node of a tree", defaultValue: 3,
        range: 1...1_000)
    static let initial = StrategyOption(
        name: "initial", summary: "configurations spread over the space before the model leads",
        defaultValue: 7, range: 1...1_000)
    static let candidates = StrategyOption(
        name: "candidates",
        summary: "configurations of a large space that the model is asked about",
        defaultValue: 8_192, range: 1...1_000_000)
    static let error = StrategyOption(
        name: "error",
        summary: "what the trees err by in common, of the way from the best to the bad",
        defaultValue: 0.1, range: 0...10)
    static let options = [trees, tries, initial, candidates, error]

    public mutating func tell(_ outcomes: [Told]) {
        for outcome in outcomes {
            trials.append(outcome)
            take(outcome.configuration)
        }
    }

    public mutating func ask(_ count: Int) -> [SearchSpace.Number] {
        var batch: [SearchSpace.Number] = []
        // What the model expects of the batch's own members: without it they would all lie in one place.
        var expected: [Float] = []
        var scored: Candidates?
        while batch.count < count {
            let isInitial = trials.count + batch.count < initialCount
            let choice: (number: SearchSpace.Number, expected: Float)?
            if isInitial || !trials.contains(where: { $0.seconds != nil }) {
                choice = initialChoice(offset: batch.count)
            } else {
                let (learnt, targets) = lessons(batch, expected)
                let candidates = scored ?? candidates(with: learnt)
                scored = candidates
                choice = modelChoice(of: candidates, learnt, targets)
            }
            guard let choice else { break }
            // What is no candidate cannot be learnt from: the next choice needs candidates with it.
            if scored?.row(of: choice.number) == nil { scored = nil }
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
        let predictions = forest.predict(
            candidates.table, points: learnt.compactMap(candidates.row), targets: targets,
            using: &generator)
        let best = targets.min() ?? 0
        var isOpen = [Bool](repeating: true, count: candidates.numbers.count)
        for number in asked { if let row = candidates.row(of: number) { isOpen[row] = false } }
        var scores: [(row: Int, score: Double)] = []
        var top = -1.0
        for (row, prediction) in predictions.enumerated() where isOpen[row] {
            let enough = top * (1 - indifference)
            guard prediction.largestImprovement(over: best, error: commonError) >= enough else {
                continue
            }
            let score = prediction.expectedImprovement(over: best, error: commonError)
            top = max(top, score)
            if score >= enough { scores.append((row, score)) }
        }
        let near = scores.filter { $0.score >= top * (1 - indifference) }
            .sorted { ($1.score, $0.row) < ($0.score, $1.row) }
        func isBuilt(_ row: Int) -> Bool {
            specializations.contains(specialization(of: candidates.numbers[row]))
        }
        let chosen = indifference > 0 ? near.first { isBuilt($0.row) } : nil
        guard let row = (chosen ?? near.first)?.row else {
            return draw.next(unless: asked.contains).map { ($0, 1) }
        }
        return (candidates.numbers[row], predictions[row].mean)
    }

    /// What is scored, and what the model learns from.
    private struct Candidates {
        var numbers: [SearchSpace.Number]
        var table: FeatureTable
        /// Nil if every number is its row.
        var rows: [SearchSpace.Number: Int]?

        func row(of number: SearchSpace.Number) -> Int? {
            if let rows { return rows[number] }
            return Int(number)
        }
    }

    /// The whole space, or a sample of it with the neighbours of the best and all `learnt`.
    private mutating func candidates(with learnt: [SearchSpace.Number]) -> Candidates {
        if let whole { return whole }
        if space.count <= Self.wholeSpaceLimit {
            let found = candidates(Array(0..<space.count), rows: nil)
            whole = found
            return found
        }
        var numbers: [SearchSpace.Number] = []
        var rows: [SearchSpace.Number: Int] = [:]
        func add(_ number: SearchSpace.Number) {
            guard rows[number] == nil else { return }
            rows[number] = numbers.count
            numbers.append(number)
        }
        learnt.forEach(add)
        prior?.configurations.forEach(add)
        for trial in ranked().prefix(5) where trial.seconds != nil {
            let neighbours = space.neighbours(of: trial.configuration)
            // Domains of thousands of values have thousands of neighbours: an even sample does.
            for number in stride(from: 0, to: neighbours.count, by: 1 + neighbours.count / 512) {
                add(neighbours[number])
            }
        }
        for _ in 0..<sampleCount {
            add(SearchSpace.Number.random(in: 0..<space.count, using: &generator))
        }
        return candidates(numbers, rows: rows)
    }

    private func candidates(
        _ numbers: [SearchSpace.Number], rows: [SearchSpace.Number: Int]?
    ) -> Candidates {
        var candidates = Candidates(
            numbers: numbers, table: features.table(of: numbers), rows: rows)
        if let prior {
            let predictions = prior.predictions(for: candidates.table, row: candidates.row)
            let highest = Float(FeatureTable.classLimit - 1)
            candidates.table.append(column: predictions.map { UInt8(($0 * highest).rounded()) })
        }
        return candidates
    }

    /// What the model learns from: all trials, or the best half of the limit and an even sample of the others.
    private func lessons(_ batch: [SearchSpace.Number], _ expected: [Float]) -> (
        configurations: [SearchSpace.Number], targets: [Float]
    ) {
        var learnt = trials
        if learnt.count > Self.modelledTrials {
            let order = ranked()
            let others = order.dropFirst(Self.modelledTrials / 2)
            let step = (others.count + Self.modelledTrials / 2 - 1) / (Self.modelledTrials / 2)
            learnt =
                order.prefix(Self.modelledTrials / 2)
                + stride(from: others.startIndex, to: others.endIndex, by: step).map { others[$0] }
        }
        let targets = TrialTargets(seconds: learnt.map(\.seconds)).values
        return (learnt.map(\.configuration) + batch, targets + expected)
    }

    /// The fastest first, failures last, the earlier first among equals.
    private func ranked() -> [Told] {
        trials.enumerated().sorted {
            ($0.element.seconds ?? .infinity, $0.offset)
                < ($1.element.seconds ?? .infinity, $1.offset)
        }.map(\.element)
    }
}

extension ExtraTrees.Prediction {
    /// The trees' spread and the `error` they have in common.
    private func uncertainty(_ error: Float) -> Float {
        (deviation * deviation + error * error).squareRoot()
    }

    /// Expected improvement (Jones, Schonlau, Welch 1998) of a normal prediction over `best`, smaller being better.
    fileprivate func expectedImprovement(over best: Float, error: Float) -> Double {
        let gain = Double(best - mean)
        let deviation = Double(uncertainty(error))
        guard deviation > 1e-9 else { return max(0, gain) }
        let z = gain / deviation
        let density = exp(-0.5 * z * z) * 0.398_942_280_401_432_7
        return gain * 0.5 * erfc(-z * 0.707_106_781_186_547_5) + deviation * density
    }

    /// What the expected improvement is never above: spares most candidates the exponential.
    fileprivate func largestImprovement(over best: Float, error: Float) -> Double {
        Double(max(0, best - mean) + 0.4 * uncertainty(error))
    }
}
