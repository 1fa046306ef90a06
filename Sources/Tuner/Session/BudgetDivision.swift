/// Divides a session's budget over the entries of its workload by expected gain.
///
/// Turns go to the entry whose next trial is expected to take most off the workload's time, as in Ansor's task scheduler (Zheng et
/// al., OSDI 2020, section 6), which follows the gradient of the objective too. All is a function of the entries' own logs, so a
/// resumed session with a budget of trials divides alike.
struct BudgetDivision: Sendable {
    /// Part of the even share that is every entry's before gains count.
    static let floor = 4
    /// First turn under a time budget, when nothing is known of what a trial costs; each turn doubles the entry's trials then.
    static let firstTurn = 8

    /// What the log of an entry says.
    struct Entry: Hashable, Sendable {
        var curve = LearningCurve()
        /// Spent on it so far.
        var seconds = 0.0
        /// As the workload gives it.
        var weight = 1.0
    }

    let budget: Budget
    /// Most configurations that are asked together.
    let batch: Int
    /// Entries of the workload.
    let count: Int

    init(_ request: SessionRequest) {
        budget = request.budget
        batch = max(1, request.batch)
        count = request.workload.count
    }

    /// Trials of all entries together; nil without a limit.
    var trials: Int? { budget.trials.map { $0 * count } }

    /// Whether decisions hang on the clock, so that no two runs divide alike.
    var isTimed: Bool { budget.seconds != nil }

    /// How many trials an entry that has `trials` gets in a turn. Hangs on the entry's own log only.
    func turn(after trials: Int) -> Int {
        if count == 1 { return batch }
        let share = budget.trials.map { max(1, $0 / Self.floor) } ?? .max
        return min(batch, share, isTimed ? max(Self.firstTurn, trials) : .max)
    }

    /// When a turn is broken off, to go on in the entry's next: half the even share, so that the first turns leave something to
    /// divide. Nil without a time budget.
    var turnSeconds: Double? {
        count == 1 ? nil : budget.seconds.map { $0 / Double(2 * count) }
    }

    /// Whose turn is next, of those that are `eligible`; nil if none is.
    func next(of entries: [Entry], eligible: [Int]) -> Int? {
        let starving = eligible.filter { isBelowFloor(entries[$0]) }
        if !starving.isEmpty {
            return starving.min { entries[$0].curve.trials < entries[$1].curve.trials }
        }
        let gains = gains(of: entries)
        return eligible.min {
            (gains[$1], entries[$0].curve.trials) < (gains[$0], entries[$1].curve.trials)
        }
    }

    /// Whether an entry did not begin, or has its floor neither of the trials nor of the time.
    private func isBelowFloor(_ entry: Entry) -> Bool {
        if entry.curve.trials == 0, entry.seconds == 0 { return true }
        let hasTrials = budget.trials.map { entry.curve.trials >= $0 / Self.floor }
        let hasTime = budget.seconds.map { entry.seconds >= $0 / Double(count * Self.floor) }
        let floors = [hasTrials, hasTime].compactMap(\.self)
        return !floors.isEmpty && !floors.contains(true)
    }

    /// What the next trial of each takes off the workload's time; by the second where time is divided.
    private func gains(of entries: [Entry]) -> [Double] {
        zip(entries, shares(of: entries)).map { entry, share in
            let gain = share * entry.curve.expectedGain
            guard isTimed, entry.seconds > 0 else { return gain }
            return gain * Double(max(entry.curve.trials, 1)) / entry.seconds
        }
    }

    /// Parts of the workload's time; equal ones where the weights say nothing, for then a second of one is not a second of another.
    private func shares(of entries: [Entry]) -> [Double] {
        let equal = 1 / Double(max(entries.count, 1))
        let times = entries.map { entry in entry.curve.seconds.map { $0 * entry.weight } }
        let total = times.reduce(0) { $0 + ($1 ?? 0) }
        guard Set(entries.map(\.weight)).count > 1, total > 0 else {
            return entries.map { _ in equal }
        }
        return times.map { time in time.map { $0 / total } ?? equal }
    }
}
