import Foundation
import KernelSpace
import Testing
import Tuner
import TunerAPI

@testable import TunerService

@Suite("Sessions", .timeLimit(.minutes(15)))
struct SessionTests {
    private static let request = CreateSession(
        target: "cpu-native", kernels: [CreateSession.Entry(kernel: "alpha", problem: ["n": 64])],
        trials: 8, strategy: "random", seed: 1)

    private static func isOver(_ id: String, _ daemon: Daemon) async throws {
        try await Daemon.until { try daemon.parts.store.session(id: id)?.state.isOver ?? false }
    }

    @Test("a session runs to its end and leaves trials, events and a record")
    func wholeSession() async throws {
        try await Daemon.run { daemon in
            let session = try await daemon.client.createSession(Self.request)
            #expect(session.request.target == "cpu-avx2")
            // The stream ends with the session.
            let events = try await daemon.events(of: session.id).filter { $0.number >= 0 }
            #expect(events.map(\.number) == Array(events.indices))
            #expect(events.first?.body == .sessionStarted)
            guard case .sessionFinished(.finished, _) = events.last?.body else {
                Issue.record("the last event is \(String(describing: events.last))")
                return
            }
            let trials = try await daemon.client.trials(session: session.id).trials
            #expect(trials.map(\.number) == Array(0..<8))
            let records = try await daemon.client.records().records
            #expect(records.map(\.kind) == [.exact])
            #expect(try await daemon.client.session(session.id).state == .finished)
        }
    }

    @Test("from= gives the rest of the events, also behind the last")
    func eventsFrom() async throws {
        try await Daemon.run { daemon in
            let session = try await daemon.client.createSession(Self.request)
            try await Self.isOver(session.id, daemon)
            let all = try await daemon.events(of: session.id)
            for first in 0...all.count + 1 {
                let rest = try await daemon.events(of: session.id, from: first)
                #expect(rest == Array(all.dropFirst(first)))
            }
        }
    }

    @Test("nil kernels mean every built-in on its representative problems")
    func builtIns() async throws {
        try await Daemon.run(isTuning: false) { daemon in
            try Kernels.write("gamma", in: daemon.folder + "/more")
            _ = try await daemon.client.addKernels(folder: daemon.folder + "/more")
            let session = try await daemon.client.createSession(CreateSession(target: "cpu-avx2"))
            #expect(
                session.request.workload.map { "\($0.kernel) \($0.problem)" } == [
                    "alpha n=100", "beta n=100",
                ])
            #expect(session.request.budget == Budget(trials: ServiceParts.defaultTrials))
        }
    }

    @Test("one session runs at a time, in order of creation; names order likewise")
    func queueOrder() async throws {
        try await Daemon.run(isGateShut: true) { daemon in
            var ids: [String] = []
            for _ in 0..<4 {
                ids.append(try await daemon.client.createSession(Self.request).id)
            }
            #expect(ids == ids.sorted() && Set(ids).count == 4)
            try await Daemon.until { try await daemon.client.status().running != nil }
            let status = try await daemon.client.status()
            #expect(status.running == ids[0])
            #expect(status.queued == Array(ids[1...]))
            daemon.provider.openGate()
            for id in ids { try await Self.isOver(id, daemon) }
            let finished = try ids.map { id in
                let events = try daemon.parts.store.events(session: id, from: 0, limit: 100)
                return (first: events.first?.time ?? 0, last: events.last?.time ?? 0)
            }
            for (earlier, later) in zip(finished, finished.dropFirst()) {
                #expect(earlier.last <= later.first)
            }
        }
    }

    @Test("a queued session is cancelled at once, a running one after its sample")
    func cancelling() async throws {
        try await Daemon.run(isGateShut: true) { daemon in
            let running = try await daemon.client.createSession(Self.request)
            let queued = try await daemon.client.createSession(Self.request)
            try await Daemon.until { try await daemon.client.status().running == running.id }

            #expect(try await daemon.client.cancel(session: queued.id).state == .cancelled)
            let events = try await daemon.events(of: queued.id)
            #expect(events.map(\.body) == [.sessionFinished(.cancelled, TimeSplit())])

            _ = try await daemon.client.cancel(session: running.id)
            try await Self.isOver(running.id, daemon)
            #expect(try await daemon.client.session(running.id).state == .cancelled)
            #expect(try await daemon.client.records().records.isEmpty)

            let again = try await RawClient.post(
                "/v1/sessions/\(running.id)/cancel", "", socket: daemon.socket)
            #expect(again.status == 409)
            // The queue goes on.
            daemon.provider.openGate()
            let next = try await daemon.client.createSession(Self.request)
            try await Self.isOver(next.id, daemon)
        }
    }

    @Test(
        "what a cancelled session found replaces records with keep, and only then",
        arguments: [false, true])
    func cancellingWithKeep(keep: Bool) async throws {
        try await Daemon.run { daemon in
            daemon.provider.allow(3)
            let session = try await daemon.client.createSession(Self.request)
            let store = daemon.parts.store
            try await Daemon.until { try store.trials(session: session.id, entry: 0).count == 3 }
            let reply = try await RawClient.post(
                "/v1/sessions/\(session.id)/cancel?keep=\(keep)", "", socket: daemon.socket)
            #expect(reply.status == 200)
            try await Self.isOver(session.id, daemon)
            #expect(try await daemon.client.session(session.id).state == .cancelled)
            #expect(try await daemon.client.records().records.count == (keep ? 1 : 0))
        }
    }

    @Test("an orderly stop leaves the session running in the store; the next daemon ends it first")
    func resuming() async throws {
        let store: any RecordStore = InMemoryRecordStore()
        let ids = try await Daemon.run(store: store, isGateShut: true) { daemon in
            let first = try await daemon.client.createSession(Self.request).id
            let second = try await daemon.client.createSession(Self.request).id
            try await Daemon.until { try store.session(id: first)?.state == .running }
            return [first, second]
        }
        #expect(try store.sessions().map(\.state) == [.running, .queued])
        try await Daemon.run(store: store) { daemon in
            for id in ids { try await Self.isOver(id, daemon) }
        }
        #expect(try store.sessions().map(\.state) == [.finished, .finished])
        let events = try ids.map { try store.events(session: $0, from: 0, limit: 1_000) }
        #expect(events[0].contains { $0.body == .sessionResumed })
        #expect(events[0].map(\.number) == Array(events[0].indices))
        #expect((events[0].last?.time ?? 1) <= (events[1].first?.time ?? 0))
        #expect(try store.trials(session: ids[0], entry: 0).map(\.number) == Array(0..<8))
    }

    @Test("a session that cannot go on fails with the reason, and the queue goes on")
    func failing() async throws {
        try await Daemon.run(isTuning: true) { daemon in
            daemon.provider.shutGate()
            let blocker = try await daemon.client.createSession(Self.request)
            var request = Self.request
            request.kernels = [CreateSession.Entry(kernel: "beta")]
            let doomed = try await daemon.client.createSession(request)
            try FileManager.default.removeItem(atPath: daemon.folder + "/kernels/beta")
            try await Daemon.until { try await daemon.client.kernels().kernels.count == 1 }
            let last = try await daemon.client.createSession(Self.request)
            daemon.provider.openGate()
            for id in [blocker.id, doomed.id, last.id] { try await Self.isOver(id, daemon) }
            guard case .failed(let message) = try await daemon.client.session(doomed.id).state
            else {
                Issue.record("the session did not fail")
                return
            }
            #expect(message.contains("beta"))
            #expect(try await daemon.client.session(last.id).state == .finished)
        }
    }
}
