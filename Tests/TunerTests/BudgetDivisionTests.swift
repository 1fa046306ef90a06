import Testing

@testable import Tuner

@Suite struct LearningCurveTests {
    private func curve(_ times: [Double?]) -> LearningCurve {
        var curve = LearningCurve()
        for time in times { curve.append(time) }
        return curve
    }

    @Test("the best so far never gets worse, and failures add nothing")
    func best() {
        let curve = curve([nil, 3, 4, nil, 2])
        #expect(curve.best == [.infinity, 3, 3, 3, 2])
        #expect(curve.seconds == 2)
        #expect(self.curve([nil, nil]).seconds == nil)
        #expect(LearningCurve().seconds == nil)
    }

    @Test("what each doubling of the trials brought is expected of the next, the latest most")
    func gain() {
        let improving = curve([8, 8, 8, 4])
        let settled = curve([8, 4, 4, 4])
        let flat = curve([4, 4, 4, 4])
        #expect(improving.expectedGain > 1.5 * settled.expectedGain)
        #expect(settled.expectedGain > flat.expectedGain)
        // Without improvement the promise fades, but never to nothing.
        let longer = curve(Array(repeating: 4, count: 400))
        #expect(longer.expectedGain > 0 && longer.expectedGain < flat.expectedGain)
        #expect(curve([1e9, 1]).expectedGain < 1, "a bad default promises no more than a factor")
        #expect(curve([nil, nil]).expectedGain == curve([1, 1]).expectedGain)
        #expect(curve([nil, nil, nil, 1]).expectedGain > flat.expectedGain)
    }
}

@Suite struct BudgetDivisionTests {
    private func division(
        trials: Int? = nil, seconds: Double? = nil, batch: Int = 64, entries: Int = 3
    ) -> BudgetDivision {
        BudgetDivision(
            SessionRequest(
                target: "t", workload: (0..<entries).map { SyntheticProvider.entry($0) },
                budget: Budget(trials: trials, seconds: seconds), strategy: "random", seed: 1,
                batch: batch))
    }

    private func entry(
        _ times: [Double?], seconds: Double = 0, weight: Double = 1
    ) -> BudgetDivision.Entry {
        var entry = BudgetDivision.Entry(seconds: seconds, weight: weight)
        for time in times { entry.curve.append(time) }
        return entry
    }

    private func times(_ count: Int, from first: Double = 1, to last: Double = 1) -> [Double?] {
        Array(repeating: first, count: count - 1) + [last]
    }

    @Test("a turn is no more than the floor, and grows where the cost of a trial is unknown")
    func turns() {
        #expect(division(trials: 200).turn(after: 0) == 50)
        #expect(division(trials: 3).turn(after: 0) == 1)
        #expect(division(trials: 2000).turn(after: 0) == 64)
        #expect([0, 8, 17, 34, 68].map(division(seconds: 9).turn) == [8, 8, 17, 34, 64])
        #expect(division(trials: 40, seconds: 9).turn(after: 30) == 10)
        #expect(division().turn(after: 0) == 64)
        #expect(division(seconds: 9).turnSeconds == 1.5)
        #expect(division(trials: 9).turnSeconds == nil)
        #expect(division(seconds: 9, entries: 1).turnSeconds == nil)
        #expect(division(trials: 3, entries: 1).turn(after: 0) == 64)
    }

    @Test("who has less than a quarter of the even share comes first, whatever the others promise")
    func floor() {
        let promising = entry(times(30, from: 2))
        let starving = entry(times(9))
        let division = division(trials: 40)
        #expect(division.next(of: [promising, starving, promising], eligible: [0, 1, 2]) == 1)
        #expect(division.next(of: [promising, entry([]), starving], eligible: [0, 1, 2]) == 1)
        #expect(
            division.next(of: [promising, entry(times(10)), promising], eligible: [0, 1]) == 0)
        #expect(division.next(of: [promising, starving, promising], eligible: []) == nil)
    }

    @Test("the greatest gain is next; of equal ones who has the fewest trials, then the first")
    func greatest() {
        let flat = entry(times(40))
        let improving = entry(times(40, from: 2))
        let division = division(trials: 40)
        #expect(division.next(of: [flat, improving, flat], eligible: [0, 1, 2]) == 1)
        #expect(division.next(of: [flat, improving, flat], eligible: [0, 2]) == 0)
        #expect(division.next(of: [flat, entry(times(30)), flat], eligible: [0, 1, 2]) == 1)
    }

    @Test("weights that differ make it the workload's time that counts")
    func weights() {
        let light = entry(times(40, from: 2))
        let heavy = entry(times(40, from: 1.2), weight: 100)
        let division = division(trials: 40, entries: 2)
        #expect(division.next(of: [light, heavy], eligible: [0, 1]) == 1)
        let unweighted = entry(times(40, from: 1.2))
        #expect(division.next(of: [light, unweighted], eligible: [0, 1]) == 0)
    }

    @Test("where seconds are divided, a gain is worth what it costs")
    func costs() {
        let dear = entry(times(40, from: 2), seconds: 400)
        let cheap = entry(times(40, from: 1.5), seconds: 40)
        #expect(division(seconds: 100, entries: 2).next(of: [dear, cheap], eligible: [0, 1]) == 1)
        #expect(division(trials: 40, entries: 2).next(of: [dear, cheap], eligible: [0, 1]) == 0)
        let starving = entry(times(40), seconds: 12)
        #expect(
            division(seconds: 100, entries: 2).next(of: [cheap, starving], eligible: [0, 1]) == 1)
    }
}
