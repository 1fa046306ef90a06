import KernelSpace
import Tuner
import WorkerProtocol

/// What every `RecordStore` promises, on an empty store: the first promise that is broken, or nil.
///
/// A function that returns, not expectations: so that a test can demand that a broken store is
/// rejected.
func brokenPromise(of store: any RecordStore) -> String? {
    do {
        for (promise, holds) in promises where try !holds(store) { return promise }
        return nil
    } catch {
        return "threw \(error)"
    }
}

/// Session ids and record kernels differ between promises: they all run on one store.
private let promises: [(String, @Sendable (any RecordStore) throws -> Bool)] = [
    ("what is not there is nil or empty", nothingThere),
    ("what is committed is read back", readsBack),
    ("sessions, evaluations and records are replaced", replaces),
    ("a trial that exists is a conflict, and nothing of its commit is stored", trialConflict),
    ("an event that exists is a conflict, and nothing of its commit is stored", eventConflict),
    ("a duplicate within one commit is a conflict", conflictWithin),
    ("a number that is no number of a store is refused whole", badNumbers),
    ("trials come ordered by entry and number, of one session only", trialOrder),
    ("events come in pages, of one session only", eventPages),
    ("records are ordered, and those of a kernel are its own", recordOrder),
    ("sessions are ordered by id", sessionOrder),
    ("logs of a kernel are its own, ordered by session and entry", logOrder),
    ("the priors of an entry are read back and never replaced", priorConflict),
    ("long names are kept apart", longNames),
    ("numbers that are not finite survive", notFinite),
]

private func throwsError(_ code: TunerError.Code, _ body: () throws -> Void) -> Bool {
    do {
        try body()
        return false
    } catch let error as TunerError {
        return error.code == code
    } catch {
        return false
    }
}

private func key(_ kernel: String, problem: String = "m=1", device: Int = 1) -> RecordKey {
    RecordKey(
        kernel: kernel, problem: problem, target: "cpu-avx2", device: Samples.fingerprint(device))
}

private func nothingThere(_ store: any RecordStore) throws -> Bool {
    try store.evaluation(for: Samples.fingerprint(0)) == nil && store.record(for: key("no")) == nil
        && store.records(kernel: nil).isEmpty && store.records(kernel: "no").isEmpty
        && store.session(id: "no") == nil && store.sessions().isEmpty
        && store.trials(session: "no", entry: nil).isEmpty
        && store.trials(session: "no", entry: 0).isEmpty
        && store.events(session: "no", from: 0, limit: 10).isEmpty
}

private func readsBack(_ store: any RecordStore) throws -> Bool {
    var samples = Samples(seed: 1)
    for round in 0..<40 {
        let id = "back-\(round)"
        let session = samples.session(id: id)
        let trial = samples.trial(session: id, entry: 2, number: 3)
        let evaluation = samples.evaluation()
        let record = samples.record(key: key(id))
        let event = samples.event(session: id, number: 7)
        let fingerprint = Samples.fingerprint(1000 + round)
        try store.commit([
            .session(session), .trial(trial), .evaluation(fingerprint, evaluation),
            .record(record), .event(event),
        ])
        guard try store.session(id: id) == session,
            try store.trials(session: id, entry: 2) == [trial],
            try store.evaluation(for: fingerprint) == evaluation,
            try store.record(for: record.key) == record,
            try store.events(session: id, from: 0, limit: 9) == [event]
        else { return false }
    }
    return true
}

private func replaces(_ store: any RecordStore) throws -> Bool {
    var samples = Samples(seed: 2)
    for _ in 0..<5 {
        let session = samples.session(id: "replaced")
        let evaluation = samples.evaluation()
        let record = samples.record(key: key("replaced"))
        let fingerprint = Samples.fingerprint(2000)
        try store.commit([.session(session), .evaluation(fingerprint, evaluation), .record(record)])
        guard try store.session(id: "replaced") == session,
            try store.evaluation(for: fingerprint) == evaluation,
            try store.records(kernel: "replaced") == [record]
        else { return false }
    }
    return true
}

private func trialConflict(_ store: any RecordStore) throws -> Bool {
    var samples = Samples(seed: 3)
    let first = samples.trial(session: "twice", entry: 0, number: 0)
    let second = samples.trial(session: "twice", entry: 0, number: 0)
    try store.commit([.trial(first)])
    let refused = throwsError(.conflict) {
        try store.commit([.session(samples.session(id: "twice")), .trial(second)])
    }
    return try refused && store.trials(session: "twice", entry: nil) == [first]
        && store.session(id: "twice") == nil
}

private func eventConflict(_ store: any RecordStore) throws -> Bool {
    var samples = Samples(seed: 4)
    let first = samples.event(session: "told", number: 0)
    try store.commit([.event(first)])
    let refused = throwsError(.conflict) {
        try store.commit([
            .session(samples.session(id: "told")),
            .event(samples.event(session: "told", number: 0)),
        ])
    }
    return try refused && store.events(session: "told", from: 0, limit: 9) == [first]
        && store.session(id: "told") == nil
}

private func conflictWithin(_ store: any RecordStore) throws -> Bool {
    var samples = Samples(seed: 5)
    let trial = samples.trial(session: "within", entry: 0, number: 0)
    let refused = throwsError(.conflict) { try store.commit([.trial(trial), .trial(trial)]) }
    return try refused && store.trials(session: "within", entry: nil).isEmpty
}

private func badNumbers(_ store: any RecordStore) throws -> Bool {
    var samples = Samples(seed: 6)
    for number in [-1, .min, .max, 10_000_000_000] {
        let changes: [Change] = [
            .trial(samples.trial(session: "bad", entry: 0, number: number)),
            .trial(samples.trial(session: "bad", entry: number, number: 0)),
            .event(samples.event(session: "bad", number: number)),
        ]
        for change in changes {
            let refused = throwsError(.storage) {
                try store.commit([.session(samples.session(id: "bad")), change])
            }
            guard refused, try store.session(id: "bad") == nil else { return false }
        }
        let trials = try store.trials(session: "bad", entry: number)
        let events = try store.events(session: "bad", from: number, limit: 1)
        guard trials.isEmpty, events.isEmpty else { return false }
    }
    return true
}

private func trialOrder(_ store: any RecordStore) throws -> Bool {
    var samples = Samples(seed: 7)
    var trials: [Trial] = []
    for entry in [10, 0, 9, 1] {
        for number in [100, 2, 11, 0, 9_999_999_999] {
            trials.append(samples.trial(session: "order", entry: entry, number: number))
        }
    }
    // Ids that are beginnings of each other, with the separator of a key in them.
    for other in ["orde", "order/", "order/0000000000", "order2"] {
        try store.commit([.trial(samples.trial(session: other, entry: 0, number: 1))])
    }
    for trial in trials { try store.commit([.trial(trial)]) }
    let ordered = trials.sorted { ($0.entry, $0.number) < ($1.entry, $1.number) }
    return try store.trials(session: "order", entry: nil) == ordered
        && store.trials(session: "order", entry: 9) == ordered.filter { $0.entry == 9 }
        && store.trials(session: "order", entry: 2).isEmpty
}

private func eventPages(_ store: any RecordStore) throws -> Bool {
    var samples = Samples(seed: 8)
    let events = (0..<25).map { samples.event(session: "pages", number: $0) }
    try store.commit(events.reversed().map(Change.event))
    try store.commit([
        .event(samples.event(session: "page", number: 3)),
        .event(samples.event(session: "pages/", number: 3)),
    ])
    for first in -1...26 {
        for limit in [-1, 0, 1, 7, 25, 100, .max] {
            let page = try store.events(session: "pages", from: first, limit: limit)
            guard page == Array(events.dropFirst(max(first, 0)).prefix(max(limit, 0))) else {
                return false
            }
        }
    }
    return true
}

private func recordOrder(_ store: any RecordStore) throws -> Bool {
    var samples = Samples(seed: 9)
    let keys = ["z", "zz", "z.a", "z/a"].flatMap { kernel in
        ["m=2", "m=10"].flatMap { problem in
            [1, 2].map { key(kernel, problem: problem, device: $0) }
        }
    }
    let records = keys.map { samples.record(key: $0) }
    try store.commit(records.map(Change.record))
    for kernel in ["z", "zz", "z.a", "z/a", ""] {
        let own = records.filter { $0.key.kernel == kernel }.sorted { $0.key < $1.key }
        guard try store.records(kernel: kernel) == own else { return false }
    }
    let all = try store.records(kernel: nil)
    return zip(all, all.dropFirst()).allSatisfy { $0.key < $1.key }
        && Set(records).isSubset(of: all)
}

private func sessionOrder(_ store: any RecordStore) throws -> Bool {
    var samples = Samples(seed: 10)
    for id in ["s-3", "s-1", "s-2"] { try store.commit([.session(samples.session(id: id))]) }
    let ids = try store.sessions().map(\.id)
    return ids == ids.sorted() && Set(ids).isSuperset(of: ["s-1", "s-2", "s-3"])
}

private func logOrder(_ store: any RecordStore) throws -> Bool {
    var samples = Samples(seed: 12)
    let logs = ["l", "ll", "l/a"].flatMap { kernel in
        [("b", 2), ("a", 10), ("b", 1), ("a", 3), ("a/", 1)].map {
            samples.trialLog(session: "log" + $0.0, entry: $0.1, kernel: kernel)
        }
    }
    for log in logs { try store.commit([.trialLog(log)]) }
    for kernel in ["l", "ll", "l/a", ""] {
        let own = logs.filter { $0.key.kernel == kernel }.sorted {
            ($0.session, $0.entry) < ($1.session, $1.entry)
        }
        guard try store.trialLogs(kernel: kernel) == own else { return false }
    }
    let bad = samples.trialLog(session: "log", entry: -1, kernel: "l")
    return throwsError(.storage) { try store.commit([.trialLog(bad)]) }
}

private func priorConflict(_ store: any RecordStore) throws -> Bool {
    var samples = Samples(seed: 13)
    var priors: [Int: [Prior]] = [:]
    for entry in 0..<12 {
        priors[entry] = samples.priors()
        try store.commit([.priors(priors[entry] ?? [], session: "priors", entry: entry)])
    }
    let refused = throwsError(.conflict) {
        try store.commit([
            .session(samples.session(id: "priors")),
            .priors([Prior(source: "another", trials: [])], session: "priors", entry: 3),
        ])
    }
    let isBadRefused = throwsError(.storage) {
        try store.commit([.priors([], session: "priors", entry: -1)])
    }
    return try refused && isBadRefused && store.session(id: "priors") == nil
        && priors.allSatisfy { try store.priors(session: "priors", entry: $0.key) == $0.value }
        && store.priors(session: "priors", entry: 12).isEmpty
        && store.priors(session: "priors", entry: -1).isEmpty
        && store.priors(session: "prior", entry: 1).isEmpty
}

private func longNames(_ store: any RecordStore) throws -> Bool {
    var samples = Samples(seed: 11)
    let long = String(repeating: "ä", count: 600)
    let records = ["", "1", "2"].flatMap { end in
        ["m=1", long].map { samples.record(key: key(long + end, problem: $0)) }
    }
    try store.commit(records.map(Change.record))
    for record in records {
        guard try store.record(for: record.key) == record else { return false }
    }
    let own = records.filter { $0.key.kernel == long }.sorted { $0.key < $1.key }
    let ids = [long, long + "1"]
    for (id, entry) in zip(ids, [0, 1]) {
        try store.commit([
            .session(samples.session(id: id)),
            .trial(samples.trial(session: id, entry: entry, number: 5)),
            .event(samples.event(session: id, number: entry)),
            .trialLog(samples.trialLog(session: id, entry: entry, kernel: long)),
            .trialLog(samples.trialLog(session: id, entry: entry, kernel: long + "1")),
        ])
    }
    return try store.trialLogs(kernel: long).map(\.session) == ids
        && store.records(kernel: long) == own
        && ids.allSatisfy { try store.session(id: $0)?.id == $0 }
        && store.trials(session: long + "1", entry: nil).map(\.entry) == [1]
        && store.events(session: long + "1", from: 0, limit: 9).map(\.number) == [1]
}

private func notFinite(_ store: any RecordStore) throws -> Bool {
    let measurement = Measurement(
        samples: [.infinity, -.infinity, -0.0, .nan, .leastNonzeroMagnitude], callsPerSample: 1,
        seconds: .nan)
    let verification = Verification(
        worstToleranceShare: .infinity, relativeErrorNorm: 0, comparedElements: 0)
    let key = Samples.fingerprint(3000)
    try store.commit([.evaluation(key, Evaluation(.measured(measurement, verification)))])
    guard case .measured(let read, let verified) = try store.evaluation(for: key)?.outcome else {
        return false
    }
    return read.samples.map(\.description) == measurement.samples.map(\.description)
        && read.seconds.isNaN && verified == verification
}
