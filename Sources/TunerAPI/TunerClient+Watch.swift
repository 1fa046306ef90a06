import NIOCore
import Tuner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension TunerClient {
    /// What a watcher learns.
    public enum Notice: Sendable {
        case event(Event)
        /// The connection broke; it is tried again.
        case interrupted(TunerError)
    }

    /// How a watch goes on when its connection breaks: the daemon may be starting again.
    public struct Patience: Sendable {
        /// Attempts in a row that bring no event, before the watch gives up.
        public var attempts: Int
        /// Between two attempts.
        public var pause: Duration

        /// `attempts` 0 never tries again.
        public init(attempts: Int, pause: Duration) {
            self.attempts = attempts
            self.pause = pause
        }

        /// Half a minute: a daemon under systemd is back by then.
        public static let standard = Patience(attempts: 60, pause: .milliseconds(500))
        /// The first break ends the watch.
        public static let none = Patience(attempts: 0, pause: .zero)
    }

    /// Hands over a session's events from number `first` on, in order and each once, until the session is over.
    ///
    /// The next event is read when `receive` has returned. A broken connection is taken up where it
    /// broke; the first connection, and an answer that says no, are not tried again. Unnumbered
    /// progress is handed over as it comes.
    public func watch(
        session: String, from first: Int = 0, patience: Patience = .standard,
        receive: (Notice) async throws -> Void
    ) async throws {
        var reader = EventReader(next: first)
        var failures = 0
        var hasConnected = false
        while true {
            let before = reader.next
            do {
                try await readEvents(
                    session, &reader, connected: { hasConnected = true },
                    receive: { try await receive(.event($0)) })
                if reader.isOver { return }
                throw TunerError(
                    .connection, "tunerd at \(socket) ended the stream of events early")
            } catch let error as TunerError where error.code == .connection || error.code == .busy {
                failures = reader.next > before ? 1 : failures + 1
                guard hasConnected, failures <= patience.attempts else { throw error }
                try await receive(.interrupted(error))
                try await Task.sleep(for: patience.pause)
            }
        }
    }

    /// One connection's worth of events.
    private func readEvents(
        _ session: String, _ reader: inout EventReader, connected: () -> Void,
        receive: (Event) async throws -> Void
    ) async throws {
        let path = Route.events.path([session], query: [("from", String(reader.next))])
        var status = 200
        var refusal: [UInt8] = []
        reader.startConnection()
        _ = try await HTTPExchange(socket: socket).send(
            .get, path, body: nil,
            started: {
                status = $0
                if status == 200 { connected() }
            },
            receive: { part in
                guard status == 200 else {
                    refusal.append(contentsOf: part.readableBytesView)
                    return refusal.count < EventReader.lineByteLimit
                }
                for line in try reader.lines(in: part.readableBytesView) where !reader.isOver {
                    if let event = try reader.event(line) { try await receive(event) }
                }
                return !reader.isOver
            })
        guard status == 200 else {
            throw HTTPExchange.Answer(status: status, bytes: refusal).error(socket: socket)
        }
    }
}

/// Cuts a stream of bytes into events, and checks that none is missing or comes twice.
struct EventReader {
    /// Most bytes of one line: far more than the samples of a trial take.
    static let lineByteLimit = 16 << 20

    /// Number of the next numbered event.
    private(set) var next: Int
    /// Whether the session's last event has been read.
    private(set) var isOver = false
    private var partial: [UInt8] = []

    init(next: Int) { self.next = next }

    /// Forgets the part of a line that the last connection left.
    mutating func startConnection() { partial = [] }

    /// Lines that these bytes complete, empty ones left out.
    mutating func lines(in bytes: some Sequence<UInt8>) throws -> [Data] {
        var lines: [Data] = []
        for byte in bytes {
            if byte != UInt8(ascii: "\n") {
                guard partial.count < Self.lineByteLimit else {
                    throw TunerError(
                        .internal, "an event is longer than \(Self.lineByteLimit) bytes")
                }
                partial.append(byte)
            } else if !partial.isEmpty {
                lines.append(Data(partial))
                partial.removeAll(keepingCapacity: true)
            }
        }
        return lines
    }

    /// The event of a line; nil for one that was read before. Throws what the daemon says instead of an event.
    mutating func event(_ line: Data) throws -> Event? {
        let event: Event
        do {
            event = try WireFormat.decode(Event.self, from: line)
        } catch {
            if let cut = try? WireFormat.decode(APIError.self, from: line) {
                throw TunerError(cut.code, cut.message, hint: cut.hint)
            }
            throw TunerError(.internal, "cannot read an event: \(error)")
        }
        if event.number < 0 { return event }
        // Already seen: the daemon may repeat what it has sent.
        if event.number < next { return nil }
        guard event.number == next else {
            throw TunerError(
                .internal,
                "event \(next) of session \(event.session) is missing: "
                    + "the stream went on with \(event.number)")
        }
        next += 1
        if case .sessionFinished = event.body { isOver = true }
        return event
    }
}
