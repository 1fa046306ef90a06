import KernelSpace
import Synchronization

/// A store that lasts as long as the process: the model that durable stores are compared with, and
/// the store of tests.
public final class InMemoryRecordStore: RecordStore {
    private struct Contents {
        var evaluations: [Fingerprint: Evaluation] = [:]
        var records: [RecordKey: TuningRecord] = [:]
        var sessions: [String: Session] = [:]
        /// By session, then (entry, number).
        var trials: [String: [TrialNumber: Trial]] = [:]
        /// By session, then number.
        var events: [String: [Int: Event]] = [:]
        /// By kernel, then entry.
        var trialLogs: [String: [EntryName: TrialLog]] = [:]
        var priors: [EntryName: [Prior]] = [:]

        mutating func apply(_ change: Change) throws {
            switch change {
            case .session(let session):
                sessions[session.id] = session
            case .evaluation(let key, let evaluation):
                evaluations[key] = evaluation
            case .record(let record):
                records[record.key] = record
            case .trial(let trial):
                let number = TrialNumber(entry: trial.entry, number: trial.number)
                guard trials[trial.session]?[number] == nil else { throw change.duplicate }
                trials[trial.session, default: [:]][number] = trial
            case .event(let event):
                guard events[event.session]?[event.number] == nil else {
                    throw change.duplicate
                }
                events[event.session, default: [:]][event.number] = event
            case .trialLog(let log):
                let name = EntryName(session: log.session, entry: log.entry)
                trialLogs[log.key.kernel, default: [:]][name] = log
            case .priors(let found, let session, let entry):
                let name = EntryName(session: session, entry: entry)
                guard priors[name] == nil else { throw change.duplicate }
                priors[name] = found
            }
        }
    }
    private struct TrialNumber: Hashable {
        var entry: Int
        var number: Int
    }
    private struct EntryName: Hashable {
        var session: String
        var entry: Int
    }
    private let contents = Mutex(Contents())

    /// An empty store.
    public init() {}

    public func commit(_ changes: [Change]) throws {
        for change in changes { try change.check() }
        try contents.withLock { contents in
            var next = contents
            for change in changes { try next.apply(change) }
            contents = next
        }
    }

    public func evaluation(for key: Fingerprint) -> Evaluation? {
        contents.withLock { $0.evaluations[key] }
    }

    public func record(for key: RecordKey) -> TuningRecord? {
        contents.withLock { $0.records[key] }
    }

    public func records(kernel: String?) -> [TuningRecord] {
        contents.withLock { contents in
            contents.records.values
                .filter { kernel == nil || $0.key.kernel == kernel }
                .sorted { $0.key < $1.key }
        }
    }

    public func session(id: String) -> Session? {
        contents.withLock { $0.sessions[id] }
    }

    public func sessions() -> [Session] {
        contents.withLock { contents in contents.sessions.values.sorted { $0.id < $1.id } }
    }

    public func trials(session: String, entry: Int?) -> [Trial] {
        contents.withLock { contents in
            (contents.trials[session] ?? [:]).values
                .filter { entry == nil || $0.entry == entry }
                .sorted { ($0.entry, $0.number) < ($1.entry, $1.number) }
        }
    }

    public func events(session: String, from first: Int, limit: Int) -> [Event] {
        contents.withLock { contents in
            let rest = (contents.events[session] ?? [:]).values.filter { $0.number >= first }
            return Array(rest.sorted { $0.number < $1.number }.prefix(max(limit, 0)))
        }
    }

    public func trialLogs(kernel: String) -> [TrialLog] {
        contents.withLock { contents in
            (contents.trialLogs[kernel] ?? [:]).values
                .sorted { ($0.session, $0.entry) < ($1.session, $1.entry) }
        }
    }

    public func priors(session: String, entry: Int) -> [Prior] {
        contents.withLock { $0.priors[EntryName(session: session, entry: entry)] ?? [] }
    }
}
