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
        /// Trials that there will be at most; nil until the entry has started, or when only time limits it.
        var trialLimit: Int?
        /// Trials done, the default included.
        var trials = 0
        var failures: [String: Int] = [:]
        /// Of the default configuration, from the search.
        var defaultSeconds: Double?
        var best: Best?
        var phase: EvaluationPhase?
        /// Running time of the session when the entry started and ended.
        var started: Double?
        var ended: Double?
        /// Running time that the entry may take; nil without a time budget.
        var allowance: Double?
        var result: Session.Result?
        var record: TuningRecord?

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
    /// The entry that runs.
    private(set) var current: Int?
    /// Running time up to the last interruption, and when it went on.
    private var elapsedBefore = 0.0
    private var runningSince: Double?
    private var lastTime = 0.0

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
        switch event.body {
        case .sessionStarted:
            state = .running
            runningSince = event.time
            return .started
        case .sessionResumed:
            if let since = runningSince { elapsedBefore += max(gapStart - since, 0) }
            runningSince = event.time
            state = .running
            return .resumed
        case .entryStarted(let index, let space, let figure, let flops, let bytes, let earlier):
            guard entries.indices.contains(index) else { return nil }
            entries[index].earlier = earlier
            start(index, space, Work(figure: figure, flops: flops, bytes: bytes), event.time)
            return .entryStarted(index)
        case .trial(let trial):
            guard entries.indices.contains(trial.entry) else { return nil }
            return add(trial)
        case .entryFinished(let index, let result, let record):
            guard entries.indices.contains(index) else { return nil }
            entries[index].result = result
            entries[index].record = record
            entries[index].phase = nil
            entries[index].ended = elapsed(at: event.time)
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
        }
    }

    private mutating func start(_ index: Int, _ space: Int, _ work: Work, _ time: Double) {
        let now = elapsed(at: time)
        let left = entries[index...].count
        entries[index].work = work
        entries[index].started = now
        entries[index].trialLimit = request.budget.trials.map { min($0, space) } ?? space
        // The engine divides the time that is left evenly over the entries that are left.
        entries[index].allowance = request.budget.seconds.map {
            max($0 - now, 0) / Double(max(left, 1))
        }
        current = index
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

    /// How much of an entry is done, from 0 to 1: what ends first counts, trials or time.
    func fraction(_ index: Int, at now: Double) -> Double {
        let entry = entries[index]
        let byTrials = entry.trialLimit.map { Double(entry.trials) / Double(max($0, 1)) } ?? 0
        if let result = entry.result { return result.decision == .undecided ? byTrials : 1 }
        guard let started = entry.started else { return 0 }
        let byTime = entry.allowance.map { (elapsed(at: now) - started) / max($0, 1e-9) } ?? 0
        return min(max(byTrials, byTime, 0), 1)
    }

    /// Seconds until an entry that runs has used its trials or its time; nil while that cannot be told.
    func timeLeft(_ index: Int, at now: Double) -> Double? {
        let entry = entries[index]
        guard let started = entry.started, entry.ended == nil else { return nil }
        let used = elapsed(at: now) - started
        var estimates: [Double] = []
        if let allowance = entry.allowance { estimates.append(allowance - used) }
        // The first trials wait for the first compile: they say little about the rest.
        if let limit = entry.trialLimit, entry.trials >= 8 {
            estimates.append(used / Double(entry.trials) * Double(limit - entry.trials))
        }
        return estimates.min().map { max($0, 0) }
    }
}
