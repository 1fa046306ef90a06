import KernelSpace

/// Finds what is known of a kernel for other problems, targets, devices and compilers, as priors for an entry that is to start.
///
/// Only configurations with the entry's parameters count: another set of names is another kernel, whatever it is called.
public struct PriorSearch: Sendable {
    /// Most priors of an entry.
    public static let limit = 8

    /// The entry that is to start.
    public var log: TrialLog
    /// Names of its parameters.
    public var parameters: Set<String>

    public init(log: TrialLog, parameters: Set<String>) {
        self.log = log
        self.parameters = parameters
    }

    /// At most `limit`, the most alike first: same target and device, then other devices, then other targets; of those the nearest
    /// problem; of equals the newest.
    public func priors(in store: some RecordStore) throws -> [Prior] {
        var priors: [Prior] = []
        for source in try sources(in: store) where priors.count < Self.limit {
            let trials = try trials(of: source, in: store)
            guard !trials.isEmpty else { continue }
            priors.append(Prior(source: source.text, condensing: trials))
        }
        return priors
    }

    // MARK: Sources

    /// Where times are comparable.
    private struct Origin: Hashable {
        var key: RecordKey
        var compiler: String
    }

    /// All that is known of one origin.
    private struct Source {
        var text: String
        var alikeness: Alikeness
        /// Newest first.
        var logs: [TrialLog] = []
        /// For what was tuned elsewhere: its trials are not here.
        var record: TuningRecord?
    }

    /// Smaller is more alike.
    private struct Alikeness: Comparable {
        var isOtherTarget: Bool
        var isOtherDevice: Bool
        var distance: Double
        /// Session ids order by creation.
        var session: String
        var key: String

        static func < (a: Alikeness, b: Alikeness) -> Bool {
            if a.isOtherTarget != b.isOtherTarget { return b.isOtherTarget }
            if a.isOtherDevice != b.isOtherDevice { return b.isOtherDevice }
            return (a.distance, b.session, a.key) < (b.distance, a.session, b.key)
        }
    }

    private func sources(in store: some RecordStore) throws -> [Source] {
        var sources: [Origin: Source] = [:]
        let logs = try store.trialLogs(kernel: log.key.kernel)
        // From the newest on: what made a source says which session it counts as.
        for other in logs.reversed() where (other.session, other.entry) != (log.session, log.entry)
        {
            let origin = Origin(key: other.key, compiler: other.compiler)
            let source =
                sources[origin]
                ?? source(origin, other.problem, device: other.deviceName, session: other.session)
            guard var source else { continue }
            source.logs.append(other)
            sources[origin] = source
        }
        for record in try store.records(kernel: log.key.kernel) {
            let origin = Origin(key: record.key, compiler: record.compiler)
            guard sources[origin] == nil else { continue }
            var source = source(
                origin, record.problem, device: record.device.brand, session: record.session)
            source?.record = record
            sources[origin] = source
        }
        return sources.values.sorted { $0.alikeness < $1.alikeness }
    }

    /// Nil where the problem has other dimensions.
    private func source(_ origin: Origin, _ problem: Problem, device: String, session: String)
        -> Source?
    {
        guard let distance = Lookup.distance(problem, log.problem) else { return nil }
        let isOtherDevice = origin.key.device != log.key.device
        let text = "\(problem) on \(origin.key.target)" + (isOtherDevice ? " of \(device)" : "")
        return Source(
            text: text,
            alikeness: Alikeness(
                isOtherTarget: origin.key.target != log.key.target, isOtherDevice: isOtherDevice,
                distance: distance, session: session, key: origin.key.text))
    }

    // MARK: Trials

    /// Every configuration once, as it was measured last; no more logs are read than make a prior.
    private func trials(of source: Source, in store: some RecordStore) throws -> [Prior.Trial] {
        var seen: Set<Configuration> = []
        var trials: [Prior.Trial] = []
        func add(_ trial: Prior.Trial) {
            guard Set(trial.configuration.values.keys) == parameters,
                seen.insert(trial.configuration).inserted
            else { return }
            trials.append(trial)
        }
        if let record = source.record {
            add(.init(configuration: record.configuration, seconds: record.seconds))
            add(.init(configuration: record.defaultConfiguration, seconds: record.defaultSeconds))
        }
        for log in source.logs where trials.count < Prior.trialLimit {
            for trial in try store.trials(session: log.session, entry: log.entry) {
                Prior.Trial(trial).map(add)
            }
        }
        return trials
    }
}
