import Foundation
import Synchronization
import Testing
import Tuner

@testable import TunerAPI

struct ClientTests {
    private static func line(_ event: Event) throws -> String {
        String(decoding: try WireFormat.encode(event), as: UTF8.self)
    }

    private static func event(_ number: Int, _ body: Event.Body = .sessionResumed) -> Event {
        Event(session: "s", number: number, time: Double(number), body: body)
    }

    private static let last = Event.Body.sessionFinished(.finished, TimeSplit())

    /// Numbers of the events watched, `i` for an interruption.
    private static func watch(
        _ client: TunerClient, from first: Int = 0,
        patience: TunerClient.Patience = .init(attempts: 2, pause: .milliseconds(1))
    ) async throws -> [String] {
        var told: [String] = []
        try await client.watch(session: "s", from: first, patience: patience) { notice in
            switch notice {
            case .event(let event): told.append("\(event.number)")
            case .interrupted: told.append("i")
            }
        }
        return told
    }

    @Test("a call sends its body and reads the answer")
    func call() async throws {
        let server = try ScriptedServer([
            ScriptedServer.answer("200 OK", #"{"kernels":[],"rejected":[]}"#)
        ])
        let list = try await TunerClient(socket: server.socket).addKernels(folder: "/k")
        #expect(list == KernelList(kernels: [], rejected: []))
        let request = try #require(server.requests.first)
        #expect(request.hasPrefix("POST /v1/kernels HTTP/1.1\r\n"))
        #expect(request.hasSuffix("\r\n\r\n{\"folder\":\"/k\"}"))
        #expect(request.contains("Content-Length: 15\r\n"))
    }

    @Test("an error of the daemon arrives with code, message and hint")
    func refusal() async throws {
        let body = #"{"code":"notFound","message":"no kernel is called x","hint":"add it"}"#
        let server = try ScriptedServer([ScriptedServer.answer("404 Not Found", body)])
        let error = try await #require(throws: TunerError.self) {
            try await TunerClient(socket: server.socket).kernel("x")
        }
        #expect(error.code == .notFound)
        #expect(error.description == "no kernel is called x (add it)")
    }

    @Test(
        "an answer that is none is an error that names the socket",
        arguments: [
            ("", "closed the connection"),
            ("SSH-2.0-OpenSSH\r\n", "HTTP"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"ver", "lost tunerd"),
            (ScriptedServer.answer("200 OK", "[1]"), "cannot read what tunerd"),
            (ScriptedServer.answer("500 Oops", "<html>"), "status 500: <html>"),
        ])
    func nonsense(script: String, says: String) async throws {
        let server = try ScriptedServer([script])
        let error = try await #require(throws: TunerError.self) {
            try await TunerClient(socket: server.socket).health()
        }
        #expect(error.code == .connection)
        #expect(error.message.contains(says), "\(error)")
        #expect(error.message.contains(server.socket))
    }

    @Test("without a daemon the error says where it was looked for and how to start it")
    func nobody() async throws {
        let path = "/tmp/tunerd-test-\(UUID().uuidString.prefix(8)).sock"
        let error = try await #require(throws: TunerError.self) {
            try await TunerClient(socket: path).status()
        }
        #expect(error.message == "cannot reach tunerd at \(path): there is no socket")
        #expect(error.hint?.contains("`systemctl start tunerd`") == true)
        #expect(error.hint?.contains("--standalone") == true)
        let long = "/tmp/" + String(repeating: "x", count: 200)
        let second = try await #require(throws: TunerError.self) {
            try await TunerClient(socket: long).status()
        }
        #expect(second.message.contains("at most 107"))
    }

    @Test("a watch that is cut off goes on with the next event, each once")
    func reconnect() async throws {
        let server = try ScriptedServer([
            ScriptedServer.stream(
                [try Self.line(Self.event(0)), "", try Self.line(Self.event(1))], isWhole: false),
            ScriptedServer.stream(
                [try Self.line(Self.event(1)), try Self.line(Self.event(2))],
                half: #"{"number":3"#, isWhole: true),
            ScriptedServer.stream(
                [
                    try Self.line(Self.event(-1)), try Self.line(Self.event(3, Self.last)),
                    try Self.line(Self.event(4)),
                ], isWhole: true),
        ])
        let told = try await Self.watch(TunerClient(socket: server.socket))
        #expect(told == ["0", "1", "i", "2", "i", "-1", "3"])
        #expect(
            server.requests.map { $0.split(separator: " ")[1] } == [
                "/v1/sessions/s/events?from=0", "/v1/sessions/s/events?from=2",
                "/v1/sessions/s/events?from=3",
            ])
    }

    @Test("a line that is no event is an error, and is not asked for again")
    func damagedLine() async throws {
        let server = try ScriptedServer([
            ScriptedServer.stream([try Self.line(Self.event(0)), "{\"half\":"], isWhole: true)
        ])
        let error = try await #require(throws: TunerError.self) {
            try await Self.watch(TunerClient(socket: server.socket))
        }
        #expect(error.code == .internal)
        #expect(server.requests.count == 1)
    }

    @Test("a watcher that was too slow is told so and goes on")
    func tooSlow() async throws {
        let cut = #"{"code":"busy","message":"too slow","hint":"resume from 1"}"#
        let server = try ScriptedServer([
            ScriptedServer.stream([try Self.line(Self.event(0)), cut], isWhole: true),
            ScriptedServer.stream([try Self.line(Self.event(1, Self.last))], isWhole: true),
        ])
        let told = try await Self.watch(TunerClient(socket: server.socket))
        #expect(told == ["0", "i", "1"])
    }

    @Test("a watch gives up after its patience, and at once when told no")
    func patience() async throws {
        let server = try ScriptedServer([
            ScriptedServer.stream([try Self.line(Self.event(0))], isWhole: false)
        ])
        let error = try await #require(throws: TunerError.self) {
            try await Self.watch(TunerClient(socket: server.socket))
        }
        #expect(error.code == .connection)
        let body = #"{"code":"notFound","message":"there is no session s"}"#
        let refusing = try ScriptedServer([ScriptedServer.answer("404 Not Found", body)])
        let refusal = try await #require(throws: TunerError.self) {
            try await Self.watch(TunerClient(socket: refusing.socket))
        }
        #expect(refusal.code == .notFound)
    }

    @Test("events are the same however their bytes are cut")
    func pieces() throws {
        let events = [Self.event(0), Self.event(1), Self.event(-1), Self.event(2, Self.last)]
        let bytes = Array(try events.map { try Self.line($0) + "\n" }.joined().utf8)
        for size in 1...bytes.count {
            var reader = EventReader(next: 0)
            var read: [Event] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                for line in try reader.lines(in: bytes[start..<min(start + size, bytes.count)]) {
                    if let event = try reader.event(line) { read.append(event) }
                }
            }
            #expect(read == events, "pieces of \(size) bytes")
            #expect(reader.isOver)
        }
    }

    @Test("a gap in the numbers is an error")
    func gap() throws {
        var reader = EventReader(next: 0)
        let line = try WireFormat.encode(Self.event(2))
        #expect(throws: TunerError.self) { try reader.event(line) }
    }

    @Test("every error code has a status that is an error")
    func statuses() {
        let codes: [TunerError.Code] = [
            .badRequest, .notFound, .conflict, .unsupportedTarget, .noCompiler, .busy, .storage,
            .worker, .compilation, .connection, .cancelled, .internal,
        ]
        for code in codes {
            let status = APIError(code: code, message: "").status
            #expect((400..<600).contains(status))
            #expect(
                code == .internal || code == .storage || code == .worker
                    || code == .compilation || status != 500, "\(code)")
        }
    }
}
