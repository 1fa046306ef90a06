extension Change {
    /// Largest number of an event, an entry or a trial: what ten digits hold, so that keys order as
    /// numbers do.
    package static let numberLimit = 9_999_999_999

    /// Throws `.storage` for what no store keeps: a number that is negative (as of passing events)
    /// or past `numberLimit`.
    package func check() throws {
        switch self {
        case .event(let event):
            try Self.check(event.number, "event of session \(event.session)")
        case .trial(let trial):
            try Self.check(trial.entry, "entry of a trial of session \(trial.session)")
            try Self.check(trial.number, "trial of session \(trial.session)")
        case .trialLog(let log):
            try Self.check(log.entry, "entry of session \(log.session)")
        case .priors(_, let session, let entry):
            try Self.check(entry, "entry of session \(session)")
        case .session, .evaluation, .record:
            break
        }
    }

    /// What `commit` throws for what exists already and is never replaced.
    package var duplicate: TunerError {
        let what =
            switch self {
            case .event(let event): "event \(event.number) of session \(event.session)"
            case .trial(let trial):
                "trial \(trial.number) of entry \(trial.entry) of session \(trial.session)"
            case .session(let session): "session \(session.id)"
            case .evaluation(let key, _): "evaluation \(key.hex)"
            case .record(let record): "record \(record.key.text)"
            case .trialLog(let log): "log of entry \(log.entry) of session \(log.session)"
            case .priors(_, let session, let entry):
                "priors of entry \(entry) of session \(session)"
            }
        return TunerError(.conflict, "cannot store \(what): it exists already")
    }

    private static func check(_ number: Int, _ what: String) throws {
        guard (0...numberLimit).contains(number) else {
            throw TunerError(
                .storage, "cannot store \(what): its number is \(number), not 0 to \(numberLimit)")
        }
    }
}
