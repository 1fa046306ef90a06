import CLMDB
import Foundation
import KernelSpace
import Testing
import Tuner

@testable import TunerStore

@Suite struct DamageTests {
    @Test func `a truncated file is refused at every length, and nothing crashes`() throws {
        try withTemporaryDirectory { directory in
            let used = try fill(directory, evaluations: 60)
            let file = directory + "/db/data.mdb"
            let whole = try Data(contentsOf: URL(fileURLWithPath: file)).prefix(used)
            for length in [0, 1, 100, 4096, 8191, 8192, 12288, used / 2, used - 1] {
                try whole.prefix(length).write(to: URL(fileURLWithPath: file))
                for access in [LMDBRecordStore.Access.readWrite, .readOnly] {
                    let error = #expect(throws: TunerError.self) {
                        try LMDBRecordStore(stateDirectory: directory, access: access)
                    }
                    #expect(error?.code == .storage, "length \(length)")
                    #expect(error?.hint?.contains("copy") == true, "length \(length)")
                }
            }
            try whole.write(to: URL(fileURLWithPath: file))
            let store = try LMDBRecordStore(stateDirectory: directory)
            #expect(try store.evaluation(for: Samples.fingerprint(59)) != nil)
        }
    }

    @Test func `a damaged value is named, and the others are read`() throws {
        try withTemporaryDirectory { directory in
            var samples = Samples(seed: 5)
            let trials = (0..<3).map { samples.trial(session: "s", entry: 0, number: $0) }
            var store: LMDBRecordStore? = try LMDBRecordStore(stateDirectory: directory)
            try store?.commit(
                trials.map(Change.trial) + [
                    .session(samples.session(id: "good")), .session(samples.session(id: "flipped")),
                ])
            store = nil
            try flipBit(after: #""id":"flipped"#, in: directory + "/db/data.mdb")
            let again = try LMDBRecordStore(stateDirectory: directory)
            let error = #expect(throws: TunerError.self) { try again.session(id: "flipped") }
            #expect(error?.code == .storage)
            #expect(error?.message.contains("sessions/flipped") == true)
            #expect(error?.message.contains("checksum") == true)
            #expect(try again.session(id: "good")?.id == "good")
            #expect(try again.trials(session: "s", entry: nil) == trials)
            // Writing it anew mends it.
            let session = samples.session(id: "flipped")
            try again.commit([.session(session)])
            #expect(try again.session(id: "flipped") == session)
        }
    }

    @Test func `a newer schema is refused, and left as it is`() throws {
        try withTemporaryDirectory { directory in
            do { _ = try LMDBRecordStore(stateDirectory: directory) }
            try rewriteVersion(99, directory)
            for _ in 0..<2 {
                let error = #expect(throws: TunerError.self) {
                    try LMDBRecordStore(stateDirectory: directory)
                }
                #expect(error?.code == .storage)
                #expect(error?.message.contains("schema version 99, newer than") == true)
            }
        }
    }

    @Test func `an older schema, which lacks databases of today, is refused by its version`() throws
    {
        try withTemporaryDirectory { directory in
            do { _ = try LMDBRecordStore(stateDirectory: directory) }
            try rewriteVersion(1, directory, without: .priors)
            for access in [LMDBRecordStore.Access.readWrite, .readOnly] {
                let error = #expect(throws: TunerError.self) {
                    try LMDBRecordStore(stateDirectory: directory, access: access)
                }
                #expect(error?.message.contains("schema version 1, older than") == true)
                #expect(error?.hint?.contains("another state directory") == true)
            }
        }
    }

    @Test func `a file that is no database is refused`() throws {
        try withTemporaryDirectory { directory in
            let database = URL(fileURLWithPath: directory + "/db")
            try FileManager.default.createDirectory(at: database, withIntermediateDirectories: true)
            try Data(repeating: 0x5a, count: 20_000)
                .write(to: database.appendingPathComponent("data.mdb"))
            let error = #expect(throws: TunerError.self) {
                try LMDBRecordStore(stateDirectory: directory)
            }
            #expect(error?.code == .storage)
        }
    }

    @Test func `what a crash left of a database being made is replaced`() throws {
        try withTemporaryDirectory { directory in
            let unfinished = URL(fileURLWithPath: directory + "/db.new")
            try FileManager.default.createDirectory(
                at: unfinished, withIntermediateDirectories: true)
            try Data().write(to: unfinished.appendingPathComponent("data.mdb"))
            let store = try LMDBRecordStore(stateDirectory: directory)
            #expect(try store.sessions().isEmpty)
            #expect(!FileManager.default.fileExists(atPath: unfinished.path))
        }
    }

    @Test func `a full map is an error of the commit, and nothing is lost`() throws {
        try withTemporaryDirectory { directory in
            let store = try LMDBRecordStore(
                stateDirectory: directory, access: .readWrite, firstMap: 1 << 17,
                largestMap: 1 << 19)
            var samples = Samples(seed: 3)
            var stored: [Trial] = []
            let error = #expect(throws: TunerError.self) {
                while stored.count < 10_000 {
                    let trial = samples.trial(session: "s", entry: 0, number: stored.count)
                    try store.commit([.trial(trial)])
                    stored.append(trial)
                }
            }
            #expect(error?.code == .storage)
            #expect(error?.message.contains("bound of 524288 bytes") == true)
            #expect(stored.count > 20)
            #expect(try store.trials(session: "s", entry: nil) == stored)
        }
    }

    /// Bytes in use, as LMDB counts them.
    private func fill(_ directory: String, evaluations: Int) throws -> Int {
        var samples = Samples(seed: 1)
        let store = try LMDBRecordStore(stateDirectory: directory)
        for number in 0..<evaluations {
            try store.commit([.evaluation(Samples.fingerprint(number), samples.evaluation())])
        }
        return try store.bytesInUse()
    }

    /// Flips a bit of the first byte after each occurrence: LMDB may hold an older copy of the page
    /// too.
    private func flipBit(after text: String, in path: String) throws {
        let url = URL(fileURLWithPath: path)
        var data = try Data(contentsOf: url)
        var from = data.startIndex
        var flipped = 0
        while let range = data.range(of: Data(text.utf8), in: from..<data.endIndex) {
            data[range.upperBound] ^= 1
            from = range.upperBound
            flipped += 1
        }
        #expect(flipped > 0)
        try data.write(to: url)
    }

    private func rewriteVersion(
        _ version: Int, _ directory: String, without dropped: SubDatabase? = nil
    ) throws {
        let environment = try Environment(
            directory: directory + "/db", mode: .readWrite, firstMap: 1 << 20, largestMap: 1 << 30)
        let value = Envelope.seal(
            Array("\(version)".utf8), schema: version, in: .meta, key: Schema.versionKey)
        try environment.write { transaction in
            if let dropped, let database = transaction.databases[dropped] {
                #expect(mdb_drop(transaction.handle, database, 1) == 0)
            }
            _ = try transaction.put(value, in: .meta, key: Schema.versionKey, replacing: true)
        }
    }
}
