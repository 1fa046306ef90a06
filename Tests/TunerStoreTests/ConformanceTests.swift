import KernelSpace
import Testing
import Tuner
import TunerStore

@Suite struct ConformanceTests {
    @Test func `the in-memory store keeps every promise`() {
        #expect(brokenPromise(of: InMemoryRecordStore()) == nil)
    }

    @Test func `the LMDB store keeps every promise`() throws {
        try withTemporaryDirectory { directory in
            let store = try LMDBRecordStore(stateDirectory: directory)
            #expect(brokenPromise(of: store) == nil)
        }
    }

    @Test func `the LMDB store keeps every promise while its map grows`() throws {
        try withTemporaryDirectory { directory in
            let store = try LMDBRecordStore(
                stateDirectory: directory, access: .readWrite, firstMap: 1 << 17,
                largestMap: 1 << 30)
            #expect(brokenPromise(of: store) == nil)
        }
    }

    @Test(arguments: BrokenStore.Fault.allCases)
    func `a store that breaks a promise is rejected`(fault: BrokenStore.Fault) {
        #expect(brokenPromise(of: BrokenStore(fault: fault)) != nil)
    }
}

/// The in-memory store with one fault.
struct BrokenStore: RecordStore {
    enum Fault: CaseIterable {
        case replacesTrials, dropsLastChange, appliesHalfACommit, unorderedTrials, mixesSessions
        case ignoresPageStart, ignoresPageLimit, otherKernels, staleRecord, logsOfOtherKernels
        case forgetsPriors
    }
    var fault: Fault
    private let store = InMemoryRecordStore()

    init(fault: Fault) { self.fault = fault }

    func commit(_ changes: [Change]) throws {
        switch fault {
        case .replacesTrials:
            do { try store.commit(changes) } catch let error as TunerError {
                if error.code != .conflict { throw error }
            }
        case .dropsLastChange: try store.commit(changes.dropLast())
        case .appliesHalfACommit: for change in changes { try store.commit([change]) }
        case .staleRecord:
            try store.commit(
                changes.filter {
                    guard case .record(let record) = $0 else { return true }
                    return store.record(for: record.key) == nil
                })
        default: try store.commit(changes)
        }
    }

    func evaluation(for key: Fingerprint) -> Evaluation? { store.evaluation(for: key) }

    func record(for key: RecordKey) -> TuningRecord? { store.record(for: key) }

    func records(kernel: String?) -> [TuningRecord] {
        guard fault == .otherKernels, let kernel else { return store.records(kernel: kernel) }
        return store.records(kernel: nil).filter { $0.key.kernel.hasPrefix(kernel) }
    }

    func session(id: String) -> Session? { store.session(id: id) }

    func sessions() -> [Session] { store.sessions() }

    func trials(session: String, entry: Int?) -> [Trial] {
        let trials = store.trials(session: session, entry: entry)
        switch fault {
        case .unorderedTrials: return trials.reversed()
        case .mixesSessions: return trials + store.trials(session: session + "/", entry: entry)
        default: return trials
        }
    }

    func events(session: String, from first: Int, limit: Int) -> [Event] {
        store.events(
            session: session, from: fault == .ignoresPageStart ? 0 : first,
            limit: fault == .ignoresPageLimit ? .max : limit)
    }

    func trialLogs(kernel: String) -> [TrialLog] {
        guard fault == .logsOfOtherKernels else { return store.trialLogs(kernel: kernel) }
        return store.trialLogs(kernel: kernel) + store.trialLogs(kernel: kernel + "l")
    }

    func priors(session: String, entry: Int) -> [Prior] {
        fault == .forgetsPriors ? [] : store.priors(session: session, entry: entry)
    }
}
