import Foundation
import KernelSpace
import Testing
import Tuner
import TunerAPI

@testable import TunerService

@Suite("Clients that misbehave", .timeLimit(.minutes(15)))
struct HostileClientTests {
    /// A daemon of little patience may hang up on a busy host before the request is written: then it is asked again.
    private static func stillAnswers(_ daemon: Daemon) async throws {
        for attempt in 1...50 {
            do {
                #expect(try await daemon.client.health().version == "1.2.3")
                return
            } catch let error as TunerError where error.code == .connection && attempt < 50 {}
        }
    }

    @Test("garbage gets an error or a closed connection")
    func garbage() async throws {
        var generator = SystemRandomNumberGenerator()
        try await Daemon.run(isTuning: false) { daemon in
            let first = try await RawClient.exchange(
                ["this is no request\r\n\r\n"], socket: daemon.socket)
            #expect(first.status == 400)
            let version = try await RawClient.exchange(
                ["GET /v1/health HTTP/9.9\r\nHost: t\r\n\r\n"], socket: daemon.socket)
            #expect(version.status != 200)
        }
        for _ in 0..<20 {
            let text = (0..<200).map { _ in
                String(UnicodeScalar(UInt8.random(in: 1...127, using: &generator)))
            }.joined()
            var limits = HTTPService.Limits()
            limits.idle = .milliseconds(50)
            try await Daemon.run(isTuning: false, limits: limits) { daemon in
                _ = try await RawClient.exchange([text + "\r\n\r\n"], socket: daemon.socket)
                try await Self.stillAnswers(daemon)
            }
        }
    }

    @Test("a body over the limit is refused, announced or not")
    func hugeBody() async throws {
        var limits = HTTPService.Limits()
        limits.bodyBytes = 1_000
        try await Daemon.run(isTuning: false, limits: limits) { daemon in
            let head = "POST /v1/sessions HTTP/1.1\r\nHost: t\r\n"
            let announced = try await RawClient.exchange(
                [head + "Content-Length: 1000000000000\r\n\r\n"], socket: daemon.socket)
            #expect(announced.status == 413)
            #expect(try announced.error().message.contains("1000 bytes"))
            let chunk = "400\r\n" + String(repeating: "x", count: 0x400) + "\r\n"
            let unannounced = try await RawClient.exchange(
                [head + "Transfer-Encoding: chunked\r\n\r\n" + chunk + chunk],
                socket: daemon.socket)
            #expect(unannounced.status == 413)
            try await Self.stillAnswers(daemon)
        }
    }

    @Test("headers without end are refused")
    func hugeHeaders() async throws {
        try await Daemon.run(isTuning: false) { daemon in
            let header = "X: " + String(repeating: "y", count: 100_000) + "\r\n"
            let reply = try await RawClient.exchange(
                ["GET /v1/health HTTP/1.1\r\nHost: t\r\n" + header + "\r\n"],
                socket: daemon.socket)
            #expect(reply.status != 200)
            try await Self.stillAnswers(daemon)
        }
    }

    @Test("requests that stop half-way are ended; others are served meanwhile")
    func slowRequests() async throws {
        var limits = HTTPService.Limits()
        // Long enough for the requests of others on a busy host.
        limits.idle = .seconds(2)
        limits.body = .seconds(2)
        try await Daemon.run(isTuning: false, limits: limits) { daemon in
            let beginnings = [
                "", "GET /v1/hea", "GET /v1/health HTTP/1.1\r\nHost: t\r\n",
                "POST /v1/sessions HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\n{",
            ]
            for beginning in beginnings {
                // Returns because the daemon closes the connection.
                let reply = try await RawClient.exchange([beginning], socket: daemon.socket) {
                    try await Self.stillAnswers(daemon)
                }
                #expect(reply.status != 200)
            }
        }
    }

    @Test("JSON nested without end and arbitrary bodies are refused, never fatal")
    func arbitraryBodies() async throws {
        try await Daemon.run(isTuning: false) { daemon in
            let nested = String(repeating: "[", count: 100_000)
            var bodies = [nested, #"{"target":"# + nested, "\u{0}", #"{"target":"\ud800"}"#]
            bodies.append(#"{"target":"cpu-avx2","seed":-1}"#)
            bodies.append(#"{"target":"cpu-avx2","seconds":1e999}"#)
            bodies.append(#"{"target":"cpu-avx2","trials":99999999999999999999}"#)
            bodies.append(
                #"{"target":"cpu-avx2","kernels":[{"kernel":"alpha","problem":{"n":-5}}]}"#)
            for body in bodies {
                let reply = try await RawClient.post("/v1/sessions", body, socket: daemon.socket)
                #expect(reply.status == 400, "\(body.prefix(60))")
                #expect(try reply.error().code == .badRequest)
            }
            try await Self.stillAnswers(daemon)
        }
    }

    @Test("a watcher that does not read is cut off and told where to resume; others lose nothing")
    func slowWatcher() async throws {
        let store: any RecordStore = InMemoryRecordStore()
        let request = SessionRequest(
            target: "cpu-avx2", workload: [], budget: Budget(), strategy: "random", seed: 1)
        var session = Session(id: "s", request: request, created: 0)
        session.state = .running
        try store.commit([.session(session)])
        try await Daemon.run(store: store, isTuning: false, queueLimit: 64) { daemon in
            let hub = daemon.parts.hub
            let reply = try await RawClient.exchange(
                ["GET /v1/sessions/s/events HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"],
                socket: daemon.socket
            ) {
                try await Daemon.until { hub.count == 1 }
                var number = 0
                while hub.count == 1 {
                    // Passing news fills the queue too, and must not end it.
                    hub.publish(
                        Event(
                            session: "s", number: -1, time: 0,
                            body: .progress(entry: 0, .measuring)))
                    hub.publish(
                        Event(session: "s", number: number, time: 0, body: .sessionResumed))
                    number += 1
                    await Task.yield()
                }
            }
            let lines = reply.lines
            let numbers = try lines.dropLast().map {
                try WireFormat.decode(Event.self, from: Data($0.utf8)).number
            }.filter { $0 >= 0 }
            #expect(numbers == Array(numbers.indices))
            let last = try WireFormat.decode(APIError.self, from: Data((lines.last ?? "").utf8))
            #expect(last.code == .busy)
            #expect(last.hint == "resume from \(numbers.count)")
            try await Self.stillAnswers(daemon)
        }
    }

    @Test("a stop of the daemon ends streams with where to resume")
    func shutdownEndsStreams() async throws {
        let (replies, reply) = AsyncStream.makeStream(of: RawClient.Reply.self)
        try await Daemon.run(isGateShut: true) { daemon in
            let session = try await daemon.client.createSession(
                CreateSession(target: "cpu-avx2", trials: 4))
            let socket = daemon.socket
            Task {
                reply.yield(
                    try await RawClient.get("/v1/sessions/\(session.id)/events", socket: socket))
            }
            try await Daemon.until { daemon.parts.hub.count == 1 }
        }
        for await reply in replies {
            let lines = reply.lines
            let last = try WireFormat.decode(APIError.self, from: Data((lines.last ?? "").utf8))
            #expect(last.hint?.hasPrefix("resume from ") == true)
            break
        }
    }
}
