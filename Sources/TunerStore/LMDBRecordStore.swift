import KernelSpace
import Tuner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The store that lasts: LMDB in a state directory, one durable transaction a commit.
///
/// One process writes; any number may read meanwhile. A process opens a state directory once.
public final class LMDBRecordStore: RecordStore {
    /// What a process wants of a state directory.
    public enum Access: Sendable {
        /// The daemon's: makes what is missing, and keeps every other writer out.
        case readWrite
        /// Of what a daemon made, whether or not it runs. Every commit throws.
        case readOnly
    }

    private let environment: Environment
    private let directory: StateDirectory
    /// Nil for reading.
    private let lock: StateLock?

    /// Opens the state in `stateDirectory`.
    ///
    /// Throws `.busy` naming the process that writes it, `.notFound` when there is nothing to read,
    /// `.storage` when it is damaged, of a newer schema, or out of reach.
    public convenience init(stateDirectory: String, access: Access = .readWrite) throws {
        // 64 MiB hold some 10,000 trials; 64 GiB are far beyond any use, and stop a fault that
        // writes without end.
        try self.init(
            stateDirectory: stateDirectory, access: access, firstMap: 1 << 26, largestMap: 1 << 36)
    }

    /// `firstMap` and `largestMap` bound the file, in bytes: its length, of which only what is
    /// written takes space.
    package init(stateDirectory: String, access: Access, firstMap: Int, largestMap: Int) throws {
        directory = StateDirectory(path: stateDirectory)
        switch access {
        case .readWrite:
            try directory.make()
            lock = try StateLock(directory: directory.path)
            try directory.makeDatabase {
                try Self.create(in: $0, firstMap: firstMap, largestMap: largestMap)
            }
        case .readOnly:
            lock = nil
            guard try directory.hasDatabase() else {
                throw TunerError(
                    .notFound, "cannot read \(stateDirectory): there is no database in it",
                    hint: "run tunectl tune, or name the state directory of the daemon that did")
            }
        }
        environment = try Environment(
            directory: directory.database, mode: access == .readWrite ? .readWrite : .readOnly,
            firstMap: firstMap, largestMap: largestMap)
    }

    /// What the pages in use take of the file.
    package func bytesInUse() throws -> Int { try environment.bytesInUse() }

    // MARK: RecordStore

    public func commit(_ changes: [Change]) throws {
        guard lock != nil else {
            throw TunerError(.storage, "cannot write \(directory.path): it was opened for reading")
        }
        let rows = try changes.map { try row(for: $0) }
        try environment.write { transaction in
            for (change, row) in zip(changes, rows) {
                let stored = try transaction.put(
                    row.value, in: row.database, key: row.key, replacing: row.isReplaceable)
                if !stored { throw change.duplicate }
            }
        }
    }

    public func evaluation(for key: Fingerprint) throws -> Evaluation? {
        try value(in: .evaluations, key: Schema.evaluation(key))
    }

    public func record(for key: RecordKey) throws -> TuningRecord? {
        try value(in: .records, key: Schema.record(key))
    }

    public func records(kernel: String?) throws -> [TuningRecord] {
        let prefix = kernel.map(Schema.kernelPrefix) ?? []
        let records: [TuningRecord] = try values(in: .records) {
            try $0.values(in: $1, prefix: prefix)
        }
        return records.filter { kernel == nil || $0.key.kernel == kernel }.sorted {
            $0.key < $1.key
        }
    }

    public func session(id: String) throws -> Session? {
        try value(in: .sessions, key: Schema.session(id))
    }

    public func sessions() throws -> [Session] {
        let sessions: [Session] = try values(in: .sessions) { try $0.values(in: $1, prefix: []) }
        return sessions.sorted { $0.id < $1.id }
    }

    public func trials(session: String, entry: Int?) throws -> [Trial] {
        if let entry, !(0...Change.numberLimit).contains(entry) { return [] }
        let prefix = Schema.trialPrefix(session: session, entry: entry)
        let suffix = entry == nil ? 2 * Schema.numberWidth + 1 : Schema.numberWidth
        return try values(in: .trials) { try $0.values(in: $1, prefix: prefix, suffix: suffix) }
    }

    public func events(session: String, from first: Int, limit: Int) throws -> [Event] {
        guard first <= Change.numberLimit else { return [] }
        let prefix = Schema.eventPrefix(session: session)
        let start = Schema.event(session: session, number: max(first, 0))
        return try values(in: .events) {
            try $0.values(
                in: $1, prefix: prefix, suffix: Schema.numberWidth, from: start, limit: limit)
        }
    }

    public func trialLogs(kernel: String) throws -> [TrialLog] {
        let prefix = Schema.kernelPrefix(kernel)
        let logs: [TrialLog] = try values(in: .trialLogs) { try $0.values(in: $1, prefix: prefix) }
        return logs.filter { $0.key.kernel == kernel }.sorted {
            ($0.session, $0.entry) < ($1.session, $1.entry)
        }
    }

    public func priors(session: String, entry: Int) throws -> [Prior] {
        guard (0...Change.numberLimit).contains(entry) else { return [] }
        return try value(in: .priors, key: Schema.priors(session: session, entry: entry)) ?? []
    }

    // MARK: Rows

    private struct Row {
        var database: SubDatabase
        var key: [UInt8]
        var value: [UInt8]
        var isReplaceable = true
    }

    private func row(for change: Change) throws -> Row {
        try change.check()
        switch change {
        case .session(let session):
            return try row(session, in: .sessions, key: Schema.session(session.id))
        case .trial(let trial):
            let key = Schema.trial(session: trial.session, entry: trial.entry, number: trial.number)
            return try row(trial, in: .trials, key: key, isReplaceable: false)
        case .evaluation(let key, let evaluation):
            return try row(evaluation, in: .evaluations, key: Schema.evaluation(key))
        case .record(let record):
            return try row(record, in: .records, key: Schema.record(record.key))
        case .event(let event):
            let key = Schema.event(session: event.session, number: event.number)
            return try row(event, in: .events, key: key, isReplaceable: false)
        case .trialLog(let log):
            return try row(log, in: .trialLogs, key: Schema.trialLog(log))
        case .priors(let priors, let session, let entry):
            let key = Schema.priors(session: session, entry: entry)
            return try row(priors, in: .priors, key: key, isReplaceable: false)
        }
    }

    private func row(
        _ model: some Encodable, in database: SubDatabase, key: [UInt8], isReplaceable: Bool = true
    ) throws -> Row {
        let value = try StoredValue.encode(model, in: database, key: key, path: directory.database)
        return Row(database: database, key: key, value: value, isReplaceable: isReplaceable)
    }

    private func value<Model: Decodable>(in database: SubDatabase, key: [UInt8]) throws -> Model? {
        let found = try environment.read { try $0.value(in: database, key: key) }
        return try found.map { try decode($0, in: database, key: key) }
    }

    /// Copied in one transaction, so all of one moment; decoded after it, so that no reader holds
    /// pages for long.
    private func values<Model: Decodable>(
        in database: SubDatabase,
        _ scan: (Transaction, SubDatabase) throws -> [(key: [UInt8], value: [UInt8])]
    ) throws -> [Model] {
        try environment.read { try scan($0, database) }
            .map { try decode($0.value, in: database, key: $0.key) }
    }

    private func decode<Model: Decodable>(
        _ bytes: [UInt8], in database: SubDatabase, key: [UInt8]
    ) throws -> Model {
        try StoredValue.decode(bytes, in: database, key: key, path: directory.database)
    }

    // MARK: Versions

    private static func create(in directory: String, firstMap: Int, largestMap: Int) throws {
        let environment = try Environment(
            directory: directory, mode: .create, firstMap: firstMap, largestMap: largestMap)
        let version = try StoredValue.encode(
            Schema.version, in: .meta, key: Schema.versionKey, path: directory)
        _ = try environment.write {
            try $0.put(version, in: .meta, key: Schema.versionKey, replacing: true)
        }
    }
}
