import KernelSpace

/// One thing to store.
public enum Change: Sendable {
    case session(Session)
    case trial(Trial)
    case evaluation(Fingerprint, Evaluation)
    case record(TuningRecord)
    case event(Event)
    case trialLog(TrialLog)
    /// What an entry started from; the same for as long as the session exists.
    case priors([Prior], session: String, entry: Int)
}

/// Where records, evaluations, sessions, trials and events are kept.
///
/// Every implementation passes the conformance suite. Errors are `TunerError` with code `.storage`.
public protocol RecordStore: Sendable {
    /// All or nothing, durable when it returns.
    /// Throws `.conflict` when a trial (session, entry, number), an event (session, number) or the priors of an entry exist already.
    func commit(_ changes: [Change]) throws

    func evaluation(for key: Fingerprint) throws -> Evaluation?
    func record(for key: RecordKey) throws -> TuningRecord?
    /// All, or those of one kernel, ordered by key.
    func records(kernel: String?) throws -> [TuningRecord]
    func session(id: String) throws -> Session?
    /// Ordered by id, which orders by creation.
    func sessions() throws -> [Session]
    /// Trials of one entry, or of all, ordered by (entry, number).
    func trials(session: String, entry: Int?) throws -> [Trial]
    /// At most `limit` events from number `first` on.
    func events(session: String, from first: Int, limit: Int) throws -> [Event]
    /// Those of one kernel, ordered by (session, entry).
    func trialLogs(kernel: String) throws -> [TrialLog]
    /// Empty for an entry that has none.
    func priors(session: String, entry: Int) throws -> [Prior]
}
