import KernelSpace
import Tuner

/// What is known of a session from the events seen so far: a fold, free of clocks and terminals.
struct SessionProgress {
    /// A configuration that worked, and its time.
    struct Best: Equatable {
        var trial: Int
        var configuration: Configuration
        var seconds: Double
    }

    /// One (kernel, problem) of the workload.
    struct Entry {
        let name: String
        let problem: String
        var work: Work?
        /// What the search started from.
        var earlier = EarlierTrials()
        /// Valid configurations; nil until the entry has started.
        var space: Int?
        /// Trials done, the default included.
        var trials = 0
        var failures: [String: Int] = [:]
        /// Of the default configuration, from the search.
        var defaultSeconds: Double?
        var best: Best?
        var phase: EvaluationPhase?
        /// Running time of the session that went into the entry so far.
        var spent = 0.0
        var result: Session.Result?
        var record: TuningRecord?

        var isStarted: Bool { space != nil }
        var failureCount: Int { failures.values.reduce(0, +) }
        /// Times of winner and default: of the final comparison if there was one, else of the search.
        var seconds: Double? { result?.seconds ?? best?.seconds }
        var comparedDefault: Double? { result?.defaultSeconds ?? defaultSeconds }
        var configuration: Configuration? { result?.configuration ?? best?.configuration }
        var speedup: Double? {
            guard let seconds, let comparedDefault, seconds > 0 else { return nil }
            return comparedDefault / seconds
        }
        /// The time as the speed it means.
        func speed(_ seconds: Double) -> String {
            work?.speed(seconds) ?? Quantities.callTime(seconds)
        }
    }

    /// Something that a line in a log is worth.
    enum Milestone: Equatable {
        case started
        case resumed
        case entryStarted(Int)
        case defaultMeasured(Int)
        case defaultFailed(Int, String)
        case improved(Int)
        case entryFinished(Int)
        case finished
    }

    let id: String
    let request: SessionRequest
    private(set) var entries: [Entry]
    private(set) var state: Session.State = .queued
    private(set) var split: TimeSplit?
    /// The entry whose turn it is.
    private(set) var current: Int?
    /// Running time up to the last interruption, and when it went on.
    private var elapsedBefore = 0.0
    private var runningSince: Double?
    private var lastTime = 0.0
    /// Running time that is in some entry's `spent`.
    private var attributed = 0.0

    init(_ session: Session) {
        id = session.id
        request = session.request
        entries = session.request.workload.map {
            Entry(name: $0.kernel, problem: $0.problem.description)
        }
    }

    /// Seconds of running, interruptions left out. `now` in seconds since 1970.
    func elapsed(at now: Double) -> Double {
        elapsedBefore + (runningSince.map { max(now - $0, 0) } ?? 0)
    }

    /// Takes an event in; returns what is worth telling.
    mutating func apply(_ event: Event) -> Milestone? {
        let gapStart = lastTime
        lastTime = max(lastTime, event.time)
        turn(to: Self.entry(of: event.body), at: event.time)
        switch event.body {
        case .sessionStarted:
            state = .running
            runningSince = event.time
            return .started
        case .sessionResumed:
            if let since = runningSince { elapsedBefore += max(gapStart - since, 0) }
            runningSince = event.time
            attributed = elapsedBefore
            state = .running
            return .resumed
        case .entryStarted(let index, let space, let figure, let flops, let bytes, let earlier):
            guard entries.indices.contains(index) else { return nil }
            entries[index].earlier = earlier
            entries[index].space = space
            entries[index].work = Work(figure: figure, flops: flops, bytes: bytes)
            return .entryStarted(index)
        case .trial(let trial):
            guard entries.indices.contains(trial.entry) else { return nil }
            return add(trial)
        case .entryFinished(let index, let result, let record):
            guard entries.indices.contains(index) else { return nil }
            entries[index].result = result
            entries[index].record = record
            entries[index].phase = nil
            if current == index { current = nil }
            return .entryFinished(index)
        case .sessionFinished(let state, let split):
            elapsedBefore = elapsed(at: event.time)
            runningSince = nil
            self.state = state
            self.split = split
            current = nil
            return .finished
        case .progress(let index, let phase):
            guard entries.indices.contains(index) else { return nil }
            entries[index].phase = phase
            return nil
        case .conditions:
            // What they come to is in the entry's result.
            return nil
        }
    }

    private static func entry(of body: Event.Body) -> Int? {
        switch body {
        case .entryStarted(let index, _, _, _, _, _), .entryFinished(let index, _, _),
            .progress(let index, _), .conditions(let index, _):
            index
        case .trial(let trial): trial.entry
        case .sessionStarted, .sessionResumed, .sessionFinished: nil
        }
    }

    /// The entry of an event is the one under work, and what passed since the last event went into it.
    private mutating func turn(to entry: Int?, at time: Double) {
        guard let entry, entries.indices.contains(entry) else { return }
        let now = elapsed(at: time)
        entries[entry].spent += max(now - attributed, 0)
        attributed = max(attributed, now)
        if let current, current != entry { entries[current].phase = nil }
        current = entry
    }

    private mutating func add(_ trial: Trial) -> Milestone? {
        let index = trial.entry
        entries[index].trials += 1
        if let failure = trial.evaluation.failure {
            entries[index].failures[failure.code, default: 0] += 1
            return trial.number == 0 ? .defaultFailed(index, failure.code) : nil
        }
        guard let seconds = trial.evaluation.seconds else { return nil }
        if trial.number == 0 { entries[index].defaultSeconds = seconds }
        if let best = entries[index].best, best.seconds <= seconds { return nil }
        entries[index].best = Best(
            trial: trial.number, configuration: trial.configuration, seconds: seconds)
        return trial.number == 0 ? .defaultMeasured(index) : .improved(index)
    }

    // MARK: - How far it is

    /// Trials of an entry that are known to be all it can get; nil where others may leave it more or less.
    func trialLimit(_ index: Int) -> Int? {
        guard let space = entries[index].space else { return nil }
        guard let total = totalTrials else { return space }
        return entries.count == 1 ? min(space, total) : space <= total ? space : nil
    }

    /// How much an entry has of what would be its part if all got the same, from 0 to 1.
    func fraction(_ index: Int, at now: Double) -> Double {
        let entry = entries[index]
        let part = min(request.budget.trials ?? .max, entry.space ?? .max)
        let byTrials = Double(entry.trials) / Double(max(part, 1))
        if let result = entry.result { return result.decision == .undecided ? byTrials : 1 }
        let running = current == index ? max(elapsed(at: now) - attributed, 0) : 0
        let byTime = request.budget.seconds.map {
            (entry.spent + running) * Double(entries.count) / max($0, 1e-9)
        }
        return min(max(byTrials, byTime ?? 0, 0), 1)
    }

    /// Seconds until trials or time of the session are used; nil while that cannot be told.
    func timeLeft(at now: Double) -> Double? {
        guard state == .running else { return nil }
        let used = elapsed(at: now)
        var estimates: [Double] = []
        if let seconds = request.budget.seconds { estimates.append(seconds - used) }
        let done = entries.reduce(0) { $0 + $1.trials }
        // The first trials wait for the first compile: they say little about the rest.
        if let total = attainableTrials, done >= 8 {
            estimates.append(used / Double(done) * Double(total - done))
        }
        return estimates.min().map { max($0, 0) }
    }

    private var totalTrials: Int? { request.budget.trials.map { $0 * entries.count } }

    /// What budget and spaces allow; nil where neither says.
    private var attainableTrials: Int? {
        let spaces = entries.compactMap(\.space)
        // A space may hold more than an integer does.
        let all = spaces.reduce(0) { $0.addingReportingOverflow($1).overflow ? .max : $0 + $1 }
        guard spaces.count == entries.count else { return totalTrials }
        return min(all, totalTrials ?? .max)
    }
}
