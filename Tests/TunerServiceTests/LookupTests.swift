import Foundation
import KernelSpace
import Testing
import Tuner
import TunerAPI

@testable import TunerService

@Suite("Lookups over the socket", .timeLimit(.minutes(15)))
struct ServiceLookupTests {
    private static func tune(_ daemon: Daemon, n: Int) async throws {
        let session = try await daemon.client.createSession(
            CreateSession(
                target: "cpu-avx2",
                kernels: [CreateSession.Entry(kernel: "alpha", problem: ["n": n])], trials: 8))
        try await Daemon.until {
            try daemon.parts.store.session(id: session.id)?.state.isOver ?? false
        }
    }

    private static func lookup(_ daemon: Daemon, n: Int) async throws -> LookupResponse {
        try await daemon.client.lookup(kernel: "alpha", problem: "n=\(n)", target: "cpu-native")
    }

    @Test("none, then nearest, then exact: a new record is seen at once")
    func kinds() async throws {
        try await Daemon.run { daemon in
            let none = try await Self.lookup(daemon, n: 64)
            #expect(none.kind == .none && none.record == nil && !none.explanation.isEmpty)
            try await Self.tune(daemon, n: 128)
            let nearest = try await Self.lookup(daemon, n: 64)
            #expect(nearest.kind == .nearest && nearest.record?.problem["n"] == 128)
            try await Self.tune(daemon, n: 64)
            let exact = try await Self.lookup(daemon, n: 64)
            #expect(exact.kind == .exact && exact.record?.problem["n"] == 64)
        }
    }

    @Test("a record of another compiler is stale, and says so")
    func stale() async throws {
        try await Daemon.run { daemon in
            try await Self.tune(daemon, n: 64)
            daemon.provider.compiler.withLock { $0 = "swiftc 2" }
            daemon.parts.lookups.forget()
            let stale = try await Self.lookup(daemon, n: 64)
            #expect(stale.kind == .stale)
            let listed = try await daemon.client.records(kernel: "alpha").records
            #expect(listed.map(\.kind) == [.stale])
            #expect(listed.first?.explanation?.isEmpty == false)
            #expect(try await daemon.client.records(kernel: "beta").records.isEmpty)
        }
    }
}
