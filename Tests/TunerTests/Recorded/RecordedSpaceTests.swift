import Foundation
import KernelSpace
import Testing
import WorkerProtocol

@testable import Tuner

@Suite struct RecordedSpaceTests {
    struct Written: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String
        var space: String?
        static let all = [
            Written(testDescription: "recorded-space/1", text: SameRecording.rows),
            Written(testDescription: "Kernel Tuner's cache", text: SameRecording.cache),
            Written(testDescription: "T4", text: SameRecording.t4),
            Written(testDescription: "T4 with T1", text: SameRecording.t4, space: SameRecording.t1),
        ]
    }

    @Test("a recording is the same space in every format", arguments: Written.all, [false, true])
    func formats(written: Written, compressed: Bool) throws {
        let recorded = try RecordedSpace.reading(
            written.text, compressed: compressed, space: written.space)
        #expect(recorded.space.parameters == SameRecording.parameters)
        #expect(recorded.space.count == 5)
        #expect(recorded.failureCount == 1)
        #expect(recorded.origin.kernel == "k")
        for (number, row) in SameRecording.outcomes.enumerated() {
            let configuration = Configuration(["x": .integer(row.x), "mode": .text(row.mode)])
            #expect(recorded.space.number(of: configuration) == SearchSpace.Number(number))
            let outcome = recorded.outcome(of: SearchSpace.Number(number))
            #expect(outcome.seconds == row.time.map { $0 / 1000 })
            if case .failed(let failure) = outcome { #expect(failure.invalidity == .runtime) }
        }
        #expect(recorded.optimum.number == 4)
        #expect(recorded.optimum.seconds == 0.000125)
    }

    @Test("run times are kept as they were taken")
    func runTimes() throws {
        let recorded = try RecordedSpace.reading(SameRecording.cache)
        #expect(recorded.outcome(of: 0) == .measured(seconds: 0.0035, runTimes: [0.003, 0.004]))
    }

    @Test(
        "Kernel Tuner tells a failure by a name, an error or a time beyond belief",
        arguments: [
            (#""time": "InvalidConfig""#, Failure.Invalidity.constraints),
            (#""time": "CompilationFailedConfig""#, .compile),
            (#""__error__": "RuntimeFailedConfig""#, .runtime), (#""time": 1e20"#, .runtime),
        ])
    func failures(time: String, invalidity: Failure.Invalidity) throws {
        let recorded = try RecordedSpace.reading(
            SameRecording.cache.replacing(#""time": "RuntimeFailedConfig""#, with: time))
        #expect(recorded.failureCount == 1)
        guard case .failed(let failure) = recorded.outcome(of: 2) else {
            Issue.record("\(recorded.outcome(of: 2))")
            return
        }
        #expect(failure.invalidity == invalidity)
    }

    @Test("what was not recorded is not in the space")
    func partial() throws {
        let text = SameRecording.rows.replacing("[1, \"b\", 0.25, 0], ", with: "")
        let recorded = try RecordedSpace.reading(text)
        #expect(recorded.space.count == 4)
        #expect(recorded.space.constraints.count == 1)
        let missing = Configuration(["x": .integer(1), "mode": .text("b")])
        #expect(recorded.space.number(of: missing) == nil)
        #expect(recorded.space.neighbours(of: 0) == [1, 3])
    }

    @Test("a cache that is still being written is read up to its last whole entry")
    func unclosed() throws {
        let whole = Array(SameRecording.cache.utf8)
        let firstEntry = try #require(SameRecording.cache.range(of: "\"1,a\": {"))
        let entries = SameRecording.cache.utf8.distance(
            from: SameRecording.cache.startIndex, to: firstEntry.lowerBound)
        var counts: Set<Int> = []
        for length in 0..<whole.count - 1 {
            do {
                let recorded = try withFile(Array(whole[..<length])) { try RecordedSpace(file: $0) }
                counts.insert(Int(recorded.space.count))
            } catch let error as TunerError {
                #expect(length < entries + 80, "\(length) of \(whole.count): \(error)")
            }
        }
        #expect(counts == [1, 2, 3, 4, 5])
    }

    @Test("tunerd's own recordings are read back whole", arguments: ["rmsnorm", "dot"])
    func fixtures(name: String) throws {
        let recorded = try fixture("\(name).t4.json")
        #expect(recorded.origin.kernel == name)
        #expect(recorded.space.count == (name == "dot" ? 84 : 21))
        // The constraints make it, not only the list of what was measured.
        let again = try SearchSpace(
            parameters: recorded.space.parameters, constraints: recorded.space.constraints)
        #expect(again.count == recorded.space.count)
        for number in 0..<recorded.space.count {
            guard case .measured(let seconds, let runTimes) = recorded.outcome(of: number) else {
                Issue.record("\(recorded.space[number]) failed")
                continue
            }
            #expect(seconds >= recorded.optimum.seconds)
            // Recorded under another estimator, from the samples' low end as well.
            #expect(runTimes.contains { $0 <= seconds } && runTimes.contains { $0 >= seconds })
        }
    }

    /// Samples of a Xeon on a shared host, raced in another order each time.
    @Test("racing never gives the best of a recording up", arguments: ["rmsnorm", "dot"])
    func racing(name: String) throws {
        let recorded = try fixture("\(name).t4.json")
        let candidates = (0..<recorded.space.count).compactMap { number -> [Double]? in
            guard case .measured(_, let runTimes) = recorded.outcome(of: number) else { return nil }
            return runTimes
        }
        let least = try #require(candidates.map { Estimate(samples: $0).value }.min())
        var generator = SeededGenerator(seed: 1)
        var bestLost = 0, lost = 0
        let replays = 100
        for _ in 0..<replays {
            var best = Double.infinity
            for candidate in candidates.shuffled(using: &generator) {
                let samples = candidate.shuffled(using: &generator)
                let racing = Racing(best: best)
                let value = Estimate(samples: samples).value
                if (1...samples.count).contains(where: { racing.isLost(Array(samples[..<$0])) }) {
                    lost += 1
                    if value == least { bestLost += 1 }
                } else {
                    best = min(best, value)
                }
            }
        }
        // One in a thousand by the rule.
        #expect(bestLost <= 1, "\(bestLost)")
        // A race in which nobody loses shows nothing.
        #expect(lost > replays, "\(lost)")
    }
}
