import Foundation
import KernelSpace
import Testing
import WorkerProtocol

@testable import Tuner

@Suite struct SignedRankIntervalTests {
    @Test("its tails are those of the signed-rank test's table")
    func table() {
        // Hollander, Wolfe, Chicken, table A.4: P(T⁺ ≤ 3) = 5/256 of n = 8, P(T⁺ ≤ 8) = 25/1024 of n = 10.
        let eight = (1...8).map(Double.init)
        let averages = eight.indices.flatMap { i in
            eight.indices.filter { $0 >= i }.map { (eight[i] + eight[$0]) / 2 }
        }.sorted()
        let exact = SignedRankInterval(eight, tail: 5.0 / 256)
        #expect(exact.lower == averages[3] && exact.upper == averages[averages.count - 4])
        let less = SignedRankInterval(eight, tail: 4.9 / 256)
        #expect(less.lower == averages[2])
        #expect(SignedRankInterval.leastCount(tail: 0.0025) == 9)
        #expect(SignedRankInterval(eight, tail: 0.0025).upper == .infinity)
        #expect(SignedRankInterval(eight + [9], tail: 0.0025).lower == 1)
        #expect(exact.estimate == 4.5)
    }

    @Test("it covers the centre as often as it says, for smooth, heavy-tailed and two-valued noise")
    func coverage() {
        var generator = SeededGenerator(seed: 5)
        let noises: [(inout SeededGenerator) -> Double] = [
            { .random(in: -1...1, using: &$0) },
            {
                let u = Double.random(in: 0.001...0.999, using: &$0)
                return (u - 0.5) / (u * (1 - u))
            },
            { Bool.random(using: &$0) ? 1 : -1 },
        ]
        for (number, noise) in noises.enumerated() {
            var above = 0, below = 0
            for _ in 0..<4_000 {
                let interval = SignedRankInterval(
                    (0..<9).map { _ in noise(&generator) }, tail: 0.0025)
                if interval.upper < 0 { below += 1 }
                if interval.lower > 0 { above += 1 }
            }
            // 10 are allowed at either end; three standard deviations more.
            #expect(below < 20 && above < 20, "noise \(number): \(below), \(above)")
            #expect(below + above > 4, "noise \(number)")
        }
    }

    @Test("a t-interval would be fooled by launches of two kinds")
    func bimodal() {
        // Nine launches, each 2 % up or down by how its pages lie: five alike are one in sixteen.
        let five = [-0.02, -0.0201, -0.0199, -0.02, -0.0201]
        let mean = five.reduce(0, +) / 5
        let deviation =
            (five.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4).squareRoot()
        #expect(mean + 4.604 * deviation / 5.0.squareRoot() < -0.0195)
        #expect(SignedRankInterval(five, tail: 0.005).upper == .infinity)
    }
}

@Suite struct AcceptanceTestTests {
    /// The median of a launch's rounds, of `ratio` and noise: bursts, and how the launch's pages lie.
    static func launch(
        ratio: Double, spread: Double, _ generator: inout SeededGenerator
    ) -> (challenger: [Double], holder: [Double]) {
        // Two kinds of launches besides the smooth part.
        let placement = exp(
            spread * (Bool.random(using: &generator) ? 1 : -1)
                + .random(in: -0.001...0.001, using: &generator))
        var challenger: [Double] = [], holder: [Double] = []
        for round in 0..<11 {
            let drift = 1 + 0.05 * Double(round) / 11
            func noise() -> Double {
                let burst = Double.random(in: 0..<1, using: &generator) < 0.1
                let factor = burst ? Double.random(in: 1.2...3, using: &generator) : 1
                return drift * factor * (1 + .random(in: 0...0.01, using: &generator))
            }
            challenger.append(ratio * placement * noise())
            holder.append(noise())
        }
        return (challenger, holder)
    }

    static func run(
        ratio: Double, spread: Double, terms: AcceptanceTerms = AcceptanceTerms(),
        _ generator: inout SeededGenerator
    ) throws -> AcceptanceTest {
        var test = AcceptanceTest(terms)
        while !test.isOver {
            let (challenger, holder) = launch(ratio: ratio, spread: spread, &generator)
            test.add(
                try #require(PairedRatio.logarithm(challenger: challenger, holder: holder)))
        }
        return test
    }

    @Test("looks spend the error and no more, and each has launches enough to decide")
    func looks() {
        for confidence in [0.5, 0.9, 0.95, 0.99, 0.999, 0.9999] {
            let looks = AcceptanceTest(AcceptanceTerms(confidence: confidence)).looks
            let spent = looks.map(\.tail).reduce(0, +)
            #expect(abs(spent - (1 - confidence) / 2) < 1e-12)
            #expect((looks.first?.launches ?? 0) >= 5)
            for (look, next) in zip(looks, looks.dropFirst()) {
                #expect(look.launches < next.launches)
            }
            for look in looks {
                let all = (0..<look.launches).map { -1 - Double($0) }
                #expect(SignedRankInterval(all, tail: look.tail).upper < 0)
            }
        }
        #expect(AcceptanceTest(AcceptanceTerms()).looks.map(\.launches) == [10, 15, 23])
    }

    @Test("two copies of one variant: at most 3 false wins in 1,000, 5 if launches scatter wildly")
    func sameVariant() throws {
        var generator = SeededGenerator(seed: 11)
        for (spread, most) in [(0.0, 3), (0.005, 3), (0.01, 3), (0.05, 12)] {
            var wins = 0
            for _ in 0..<1000
            where try Self.run(ratio: 1, spread: spread, &generator).decision == .accepted {
                wins += 1
            }
            // Three standard deviations more than the 5 that the interval allows by itself.
            #expect(wins <= most, "spread \(spread): \(wins)")
        }
    }

    @Test("a true difference of 3 % is found, quiet or not, and mostly at the first look")
    func difference() throws {
        var generator = SeededGenerator(seed: 12)
        for (spread, least) in [(0.0, 297), (0.01, 294), (0.02, 255)] {
            var wins = 0, launches = 0
            for _ in 0..<300 {
                let test = try Self.run(ratio: 0.97, spread: spread, &generator)
                if test.decision == .accepted { wins += 1 }
                launches += test.logarithms.count
            }
            #expect(wins >= least, "spread \(spread): \(wins)")
            if spread == 0 { #expect(launches < 3_150, "\(launches)") }
        }
    }

    @Test("less than the least effect does not win, however certain")
    func leastEffect() throws {
        var generator = SeededGenerator(seed: 13)
        for _ in 0..<200 {
            let test = try Self.run(ratio: 0.995, spread: 0, &generator)
            #expect(test.decision != .accepted)
            let eager = try Self.run(
                ratio: 0.99, spread: 0, terms: AcceptanceTerms(leastEffect: 0), &generator)
            #expect(eager.decision == .accepted)
        }
    }

    @Test("two equal variants are told apart by nobody after ten launches")
    func soon() throws {
        var generator = SeededGenerator(seed: 14)
        var launches = 0
        for _ in 0..<200 {
            launches += try Self.run(ratio: 1, spread: 0, &generator).logarithms.count
        }
        #expect(launches < 200 * 11)
    }

    @Test("a contestant that fails again and again takes no place")
    func failures() async throws {
        let a = Configuration(["p": .integer(1)]), b = Configuration(["p": .integer(2)])
        var asked = 0
        let nobody = await Acceptance.decide(challenger: a, holder: b, terms: AcceptanceTerms()) {
            asked += 1
            return nil
        }
        #expect(nobody == nil && asked == 2)

        func measured(_ seconds: Double) -> WorkerProtocol.Measurement {
            .init(samples: [seconds, seconds], callsPerSample: 1, seconds: seconds)
        }
        asked = 0
        let winner = try #require(
            await Acceptance.decide(challenger: a, holder: b, terms: AcceptanceTerms()) {
                asked += 1
                return asked == 3 ? nil : LaunchPair(challenger: measured(1), holder: measured(2))
            })
        #expect(winner.verdict == .faster && winner.launches == 10 && asked == 11)
        #expect(winner.ratio == 0.5 && winner.lower == 0.5 && winner.upper == 0.5)
        #expect(winner.challenger.seconds == 1 && winner.holder.seconds == 2)
    }
}

@Suite struct SimplicityTests {
    @Test("fewer threads come before less code, and both before the number")
    func order() throws {
        func parameter(_ name: String, _ role: Parameter.Role) -> Parameter {
            Parameter(name: name, role: role, values: [1, 2, 4].map { .integer($0) })
        }
        let space = try SearchSpace(
            parameters: [
                parameter("lanes", .vector(element: .float32)), parameter("unroll", .integer),
                parameter("block", .argument), parameter("threads", .threads),
            ], constraints: [])
        func simplicity(_ lanes: Int, _ unroll: Int, _ block: Int, _ threads: Int) -> Simplicity {
            Simplicity(
                Configuration([
                    "lanes": .integer(lanes), "unroll": .integer(unroll),
                    "block": .integer(block), "threads": .integer(threads),
                ]), in: space)
        }
        #expect(simplicity(1, 4, 4, 1) < simplicity(1, 1, 1, 2))
        #expect(simplicity(4, 1, 4, 1) < simplicity(1, 2, 1, 1))
        #expect(simplicity(1, 1, 1, 1) < simplicity(1, 1, 2, 1))
        #expect(!(simplicity(1, 1, 1, 1) < simplicity(1, 1, 1, 1)))
    }
}
