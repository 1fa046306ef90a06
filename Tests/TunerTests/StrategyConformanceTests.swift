import KernelSpace
import Testing

@testable import Tuner

/// What every strategy must do, whatever it is told.
struct StrategyConformance {
    let description: StrategyDescription
    var options: [String: Double] = [:]

    /// A landscape to search, and how it is asked.
    private struct Case {
        var name: String
        var space: SearchSpace
        var priors: [Prior]
        var isFailing: Bool
        /// Sizes of the asks, over and over.
        var batches: [Int]
        /// Rounds after which a large space is left.
        var rounds: Int

        func seconds(_ number: SearchSpace.Number) -> Double? {
            isFailing || number % 7 == 3 ? nil : Double((number * 37) % 101 + 1)
        }

        func task(_ options: [String: Double]) -> SearchTask {
            SearchTask(space: space, seed: 5, priors: priors, options: options)
        }
    }

    private static func space(_ domains: [ClosedRange<Int>], _ constraint: String? = nil) throws
        -> SearchSpace
    {
        try SearchSpace(
            parameters: domains.enumerated().map { position, domain in
                Parameter(
                    name: "p\(position)", role: position == 0 ? .integer : .argument,
                    values: domain.map { .integer($0) })
            }, constraints: constraint.map { [try Constraint($0)] } ?? [])
    }

    /// Elsewhere: some values that no space here has, some failures, one with nothing but failures.
    private static let priors = [
        Prior(
            source: "elsewhere",
            trials: (0..<40).map { number in
                Prior.Trial(
                    configuration: Configuration([
                        "p0": .integer(number % 6), "p1": .integer(number / 6 % 6),
                        "p2": .integer(number * 3 % 5),
                    ]), seconds: number % 5 == 0 ? nil : Double(number % 11 + 1))
            }),
        Prior(
            source: "where nothing worked",
            trials: (0..<5).map { number in
                Prior.Trial(
                    configuration: Configuration([
                        "p0": .integer(number), "p1": .integer(0), "p2": .integer(0),
                    ]), seconds: nil)
            }),
    ]

    private static func cases() throws -> [Case] {
        let spaces = [
            ("small", try space([0...4, 0...4, 0...4], "p0 + p1 != 4"), Int.max),
            ("one point", try space([3...3]), Int.max),
            ("empty", try space([3...3], "p0 > 3"), Int.max),
            ("huge", try space([1...4096, 1...4096, 1...4096], "p0 * p1 <= 4096"), 3),
        ]
        return spaces.flatMap { name, space, rounds in
            [false, true].flatMap { isFailing in
                [[1], [4], [16], [1, 5, 2]].flatMap { batches in
                    [[], priors].map { priors in
                        Case(
                            name: "\(name), failing \(isFailing), asked \(batches), "
                                + "\(priors.count) priors", space: space, priors: priors,
                            isFailing: isFailing, batches: batches, rounds: rounds)
                    }
                }
            }
        }
    }

    /// What is wrong with it.
    func faults() throws -> Set<String> {
        try Self.cases().reduce(into: []) { $0.formUnion(faults($1)) }
    }

    private func faults(_ given: Case) -> [String] {
        var faults: [String] = []
        var strategy = description.make(given.task(options))
        var twin = description.make(given.task(options))
        var log: [(size: Int, told: [Told])] = []
        var seen: Set<SearchSpace.Number> = []
        if given.space.count > 0 {
            log.append((0, [Told(configuration: 0, seconds: given.seconds(0))]))
            seen.insert(0)
            strategy.tell(log[0].told)
            twin.tell(log[0].told)
        }
        while log.count <= min(Int(clamping: given.space.count), given.rounds) {
            let size = given.batches[log.count % given.batches.count]
            let asked = strategy.ask(size)
            if asked != twin.ask(size) { faults.append("not deterministic: \(given.name)") }
            if asked.isEmpty { break }
            if asked.count > size { faults.append("more than allowed: \(given.name)") }
            for number in asked {
                if !(0..<given.space.count).contains(number) {
                    faults.append("not in the space: \(given.name)")
                }
                if !seen.insert(number).inserted { faults.append("twice: \(given.name)") }
            }
            let told = asked.map { Told(configuration: $0, seconds: given.seconds($0)) }
            log.append((size, told))
            strategy.tell(told)
            twin.tell(told)
        }
        if given.rounds == .max {
            if !strategy.ask(4).isEmpty { faults.append("does not end: \(given.name)") }
            if seen.count < given.space.count { faults.append("leaves out: \(given.name)") }
        }
        var resumed = description.make(given.task(options))
        for (size, told) in log {
            if size > 0, resumed.ask(size) != told.map(\.configuration) {
                faults.append("resumes otherwise: \(given.name)")
            }
            resumed.tell(told)
        }
        return faults
    }
}

@Suite("Strategies conform") struct StrategyConformanceTests {
    @Test("every strategy", arguments: StrategyDescription.small)
    func conforms(name: String) throws {
        let (description, options) = try StrategyDescription.parse(name)
        #expect(
            try StrategyConformance(description: description, options: options).faults() == [])
    }

    /// In order, with one thing wrong.
    private struct Broken: Strategy {
        enum Fault: String, CaseIterable {
            case moody = "not deterministic"
            case greedy = "more than allowed"
            case lost = "not in the space"
            case forgetful = "twice"
            case endless = "does not end"
            case lazy = "leaves out"
            case changing = "resumes otherwise"
        }
        var fault = Fault.moody
        private let count: SearchSpace.Number
        private var next: SearchSpace.Number = 0

        init(_ task: SearchTask) { count = task.space.count }
        init(_ task: SearchTask, _ fault: Fault) {
            self.init(task)
            self.fault = fault
            // As one that looks at the clock or at its address.
            if fault == .moody || fault == .changing { next = .random(in: 0...5) }
        }

        mutating func ask(_ size: Int) -> [SearchSpace.Number] {
            if fault == .lost { return [count] }
            if fault == .endless, next >= count { return [0] }
            if fault == .lazy, next > 3 { return [] }
            let first = fault == .forgetful ? 0 : next
            next = min(count, next + SearchSpace.Number(fault == .greedy ? size + 1 : size))
            return Array(min(first, next)..<next)
        }
        // What was told is not asked again, but for the forgetful.
        mutating func tell(_ outcomes: [Told]) {
            next = max(next, (outcomes.map(\.configuration).max() ?? -1) + 1)
        }
    }

    @Test("a broken one does not", arguments: Broken.Fault.allCases)
    private func rejectsBroken(fault: Broken.Fault) throws {
        let broken = StrategyDescription(name: "broken", summary: "", options: []) {
            Broken($0, fault)
        }
        let faults = try StrategyConformance(description: broken).faults()
        #expect(faults.contains { $0.hasPrefix(fault.rawValue) }, "\(faults)")
    }
}
