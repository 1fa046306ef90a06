import KernelSpace

/// What is taken down when an entry begins: where its trials are made, and what it starts from.
///
/// The priors are stored with the start, so that the resumed entry has the same, whatever the store has learnt meanwhile.
struct EntryStart {
    let changes: [Change]
    let event: Event.Body

    init(
        session: Session, entry: Int, space: SearchSpace, provider: any EvaluatorProvider,
        store: any RecordStore
    ) throws {
        let item = session.request.workload[entry]
        let facts = try provider.facts(about: item)
        let log = TrialLog(
            session: session.id, entry: entry,
            key: try provider.recordKey(for: item, target: session.request.target),
            problem: item.problem, deviceName: facts.device.brand, compiler: facts.compiler)
        let search = PriorSearch(log: log, parameters: Set(space.parameters.map(\.name)))
        let priors = session.request.priors ? try search.priors(in: store) : []
        changes = [.trialLog(log), .priors(priors, session: session.id, entry: entry)]
        event = .entryStarted(
            entry: entry, space: Int(clamping: space.count), figure: facts.figure,
            flops: facts.flops, bytes: facts.bytes, earlier: EarlierTrials(priors))
    }
}
