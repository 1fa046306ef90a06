import Hummingbird
import NIOCore
import Tuner
import TunerAPI

/// A session's events as lines of JSON: first those that are stored, then those that happen.
struct EventStream: Sendable {
    /// Events read from the store at a time.
    private static let chunk = 256
    /// Pause after which an idle stream shows that it lives, and finds out whether its reader does.
    private static let pulse = TimeAmount.seconds(15)

    let session: String
    let parts: ServiceParts
    let channel: any Channel

    /// Ends after `sessionFinished`, or with an `APIError` that says from where to resume.
    func response(from first: Int) -> Response {
        Response(
            status: .ok, headers: [.contentType: WireFormat.streamMediaType],
            body: ResponseBody { writer in
                var lines = LineWriter(writer: writer, channel: channel)
                do {
                    try await stream(from: first, to: &lines)
                } catch let error as TunerError {
                    // The head is sent already, so the error is a line.
                    try await lines.write(APIError(error))
                }
                try await lines.finish()
            })
    }

    private func stream(from first: Int, to lines: inout LineWriter) async throws {
        var next = first
        // What is stored is sent before the queue is opened, so that a long past does not fill it.
        if try await sendStored(from: &next, to: &lines) { return }
        try await parts.hub.watching(session) { watcher in
            channel.closeFuture.whenComplete { _ in watcher.leave() }
            let pulses = channel.eventLoop.scheduleRepeatedTask(
                initialDelay: Self.pulse, delay: Self.pulse
            ) { _ in watcher.pulse() }
            defer { pulses.cancel() }
            // What was stored before the queue was there.
            if try await sendStored(from: &next, to: &lines) { return }
            for await item in watcher.items {
                guard case .event(let event) = item else {
                    try await lines.writeEmpty()
                    continue
                }
                // Stored events may be queued as well.
                guard event.number < 0 || event.number == next else { continue }
                try await lines.write(event)
                if event.number < 0 { continue }
                next += 1
                if case .sessionFinished = event.body { return }
            }
            try await sayWhy(watcher.end, next: next, to: &lines)
        }
    }

    /// True when the last event of the session has been sent.
    private func sendStored(from next: inout Int, to lines: inout LineWriter) async throws -> Bool {
        // Read before the events: a session that is over by then has stored all of them.
        let isOver = try parts.store.session(id: session)?.state.isOver ?? true
        while true {
            let events = try parts.store.events(session: session, from: next, limit: Self.chunk)
            for event in events {
                try await lines.write(event)
                next = event.number + 1
            }
            if events.count < Self.chunk { return isOver }
        }
    }

    private func sayWhy(_ end: EventHub.End?, next: Int, to lines: inout LineWriter) async throws {
        let reason: String
        switch end {
        case .left, nil: return
        case .tooSlow: reason = "events came faster than they were read"
        case .shutdown: reason = "tunerd is stopping"
        }
        try await lines.write(
            APIError(
                code: .busy, message: "the events of \(session) end here: \(reason)",
                hint: "resume from \(next)"))
    }
}

/// Writes lines of JSON to a client, and closes the connection of one that does not read.
struct LineWriter {
    /// Time that a client may leave a full socket unread.
    static let patience = TimeAmount.seconds(60)

    private var writer: any ResponseBodyWriter
    private let channel: any Channel

    init(writer: any ResponseBodyWriter, channel: any Channel) {
        self.writer = writer
        self.channel = channel
    }

    mutating func write(_ value: some Encodable) async throws {
        var bytes = ByteBuffer(bytes: try WireFormat.encode(value))
        bytes.writeStaticString("\n")
        try await write(bytes)
    }

    mutating func writeEmpty() async throws { try await write(ByteBuffer(string: "\n")) }

    mutating func write(_ bytes: ByteBuffer) async throws {
        let channel = channel
        let closing = channel.eventLoop.scheduleTask(in: Self.patience) {
            channel.close(promise: nil)
        }
        defer { closing.cancel() }
        try await writer.write(bytes)
    }

    consuming func finish() async throws { try await writer.finish(nil) }
}
