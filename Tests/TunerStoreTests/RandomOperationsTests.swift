import KernelSpace
import Testing
import Tuner
import TunerStore

/// The LMDB store and the dictionary model side by side: the same commits, then the same answers.
@Suite struct RandomOperationsTests {
    @Test(arguments: 1...8)
    func `the LMDB store answers as the dictionary does, also after it is reopened`(
        seed: Int
    ) throws {
        try withTemporaryDirectory { directory in
            var samples = Samples(seed: UInt64(seed))
            let model = InMemoryRecordStore()
            var store: LMDBRecordStore? = try open(directory)
            for step in 0..<150 {
                let changes = (0..<1 + samples.index(4)).map { _ in change(&samples) }
                let expected = outcome { try model.commit(changes) }
                let found = outcome { try store?.commit(changes) }
                #expect(found == expected, "seed \(seed), step \(step)")
                if samples.index(15) == 0 {
                    store = nil
                    store = try open(directory)
                }
                guard let store, step % 3 == 0 else { continue }
                try compare(store, model, &samples, "seed \(seed), step \(step)")
            }
        }
    }

    /// Small at first, so that it grows several times.
    private func open(_ directory: String) throws -> LMDBRecordStore {
        try LMDBRecordStore(
            stateDirectory: directory, access: .readWrite, firstMap: 1 << 17, largestMap: 1 << 30)
    }

    private func outcome(_ body: () throws -> Void) -> TunerError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? TunerError)?.code ?? .internal
        }
    }

    private func session(_ samples: inout Samples) -> String { "s\(samples.index(4))" }

    private func key(_ samples: inout Samples) -> RecordKey {
        RecordKey(
            kernel: "k\(samples.index(3))", problem: "m=\(samples.index(3))", target: "cpu-avx2",
            device: Samples.fingerprint(samples.index(2)))
    }

    private func change(_ samples: inout Samples) -> Change {
        let id = session(&samples)
        return switch samples.index(8) {
        case 0: .session(samples.session(id: id))
        case 1: .evaluation(Samples.fingerprint(samples.index(30)), samples.evaluation(most: 1500))
        case 2: .record(samples.record(key: key(&samples)))
        case 3, 4:
            .trial(samples.trial(session: id, entry: samples.index(2), number: samples.index(40)))
        case 5:
            .trialLog(
                samples.trialLog(
                    session: id, entry: samples.index(9), kernel: "k\(samples.index(3))"))
        case 6: .priors(samples.priors(), session: id, entry: samples.index(9) - 1)
        default: .event(samples.event(session: id, number: samples.index(60) - 1))
        }
    }

    private func compare(
        _ store: LMDBRecordStore, _ model: InMemoryRecordStore, _ samples: inout Samples,
        _ comment: Comment
    ) throws {
        let id = session(&samples)
        let entry = samples.flag() ? nil : samples.index(3)
        let first = samples.index(60)
        let limit = samples.index(20)
        let recordKey = key(&samples)
        let evaluation = Samples.fingerprint(samples.index(30))
        #expect(
            try store.trialLogs(kernel: recordKey.kernel)
                == model.trialLogs(kernel: recordKey.kernel), comment)
        #expect(
            try store.priors(session: id, entry: limit) == model.priors(session: id, entry: limit),
            comment)
        #expect(try store.sessions() == model.sessions(), comment)
        #expect(try store.session(id: id) == model.session(id: id), comment)
        #expect(
            try store.trials(session: id, entry: entry) == model.trials(session: id, entry: entry),
            comment)
        #expect(
            try store.events(session: id, from: first, limit: limit)
                == model.events(session: id, from: first, limit: limit), comment)
        #expect(try store.records(kernel: nil) == model.records(kernel: nil), comment)
        #expect(try store.record(for: recordKey) == model.record(for: recordKey), comment)
        #expect(
            try store.evaluation(for: evaluation) == model.evaluation(for: evaluation), comment)
    }
}
