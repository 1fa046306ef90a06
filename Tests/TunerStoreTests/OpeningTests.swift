import Foundation
import KernelSpace
import Testing
import Tuner

@testable import TunerStore

@Suite struct OpeningTests {
    @Test func `missing directories are made for this user alone`() throws {
        try withTemporaryDirectory { directory in
            let state = directory + "/a/b/state"
            _ = try LMDBRecordStore(stateDirectory: state)
            for (path, mode) in [
                (state, 0o700), (state + "/db", 0o700), (state + "/db/data.mdb", 0o600),
                (state + "/lock", 0o600),
            ] {
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                #expect(attributes[.posixPermissions] as? Int == mode, "\(path)")
            }
        }
    }

    @Test func `a second opener in this process is refused, and hurts nobody`() throws {
        try withTemporaryDirectory { directory in
            var samples = Samples(seed: 1)
            let session = samples.session(id: "s")
            var store: LMDBRecordStore? = try LMDBRecordStore(stateDirectory: directory)
            let writer = #expect(throws: TunerError.self) {
                try LMDBRecordStore(stateDirectory: directory)
            }
            #expect(writer?.code == .busy)
            #expect(writer?.message.contains("process \(getpid())") == true)
            let reader = #expect(throws: TunerError.self) {
                try LMDBRecordStore(
                    stateDirectory: directory + "/../\(name(directory))/.",
                    access: .readOnly)
            }
            #expect(reader?.code == .busy)
            try store?.commit([.session(session)])
            store = nil
            let again = try LMDBRecordStore(stateDirectory: directory, access: .readOnly)
            #expect(try again.sessions() == [session])
        }
    }

    @Test func `a reader writes nothing, and says when there is nothing to read`() throws {
        try withTemporaryDirectory { directory in
            let missing = #expect(throws: TunerError.self) {
                try LMDBRecordStore(stateDirectory: directory + "/none", access: .readOnly)
            }
            #expect(missing?.code == .notFound)
            #expect(!FileManager.default.fileExists(atPath: directory + "/none"))
            do { _ = try LMDBRecordStore(stateDirectory: directory) }
            let reader = try LMDBRecordStore(stateDirectory: directory, access: .readOnly)
            var samples = Samples(seed: 1)
            let refusal = #expect(throws: TunerError.self) {
                try reader.commit([.session(samples.session(id: "s"))])
            }
            #expect(refusal?.code == .storage)
            #expect(try reader.sessions().isEmpty)
        }
    }

    @Test func `many threads read while one writes and the map grows`() async throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("tuner-store-\(UUID().uuidString)").path
        // Best effort: a directory left behind must not hide the test's own outcome.
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let store = try LMDBRecordStore(
            stateDirectory: directory, access: .readWrite, firstMap: 1 << 17, largestMap: 1 << 30)
        var samples = Samples(seed: 4)
        let trials = (0..<300).map { samples.trial(session: "s", entry: 0, number: $0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for trial in trials { try store.commit([.trial(trial)]) } }
            for _ in 0..<6 {
                group.addTask {
                    var seen = 0
                    while seen < trials.count {
                        let found = try store.trials(session: "s", entry: 0)
                        #expect(found == Array(trials.prefix(found.count)))
                        #expect(found.count >= seen)
                        seen = found.count
                        await Task.yield()
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func name(_ path: String) -> String { URL(fileURLWithPath: path).lastPathComponent }
}
