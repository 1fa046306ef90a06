import Synchronization
import Tuner

/// Hands events to whoever watches their session. Each watcher has a bounded queue, so that one who
/// does not read costs nobody else anything.
package final class EventHub: Sendable {
    /// Why a watcher's queue ended.
    package enum End: Hashable, Sendable {
        /// The queue was full: the watcher has to ask again from where it was cut off.
        case tooSlow
        /// The daemon stops; the session goes on with the next one.
        case shutdown
        /// The watcher left.
        case left
    }

    /// What a watcher's queue holds.
    package enum Item: Sendable {
        case event(Event)
        /// Nothing happened for a while: a sign of life is due.
        case pulse
    }

    /// One watcher's queue.
    package final class Watcher: Sendable {
        /// In order; ends when the watcher is dropped, after what was queued by then.
        package let items: AsyncStream<Item>
        private let continuation: AsyncStream<Item>.Continuation
        private let ending = Mutex<End?>(nil)

        /// Nil while it has not ended.
        package var end: End? { ending.withLock { $0 } }

        fileprivate init(limit: Int) {
            (items, continuation) = AsyncStream.makeStream(
                of: Item.self, bufferingPolicy: .bufferingOldest(limit))
        }

        /// Queues a sign of life, if there is room.
        package func pulse() { continuation.yield(.pulse) }

        /// Ends the queue: the watcher has left.
        package func leave() { finish(.left) }

        fileprivate func finish(_ end: End) {
            ending.withLock { $0 = $0 ?? end }
            continuation.finish()
        }

        /// False if the event was lost: the queue was full.
        fileprivate func offer(_ event: Event) -> Bool {
            if case .dropped = continuation.yield(.event(event)) { false } else { true }
        }
    }

    private struct Watchers {
        /// By session, then number of the watcher.
        var bySession: [String: [Int: Watcher]] = [:]
        var nextNumber = 0
        var isShutDown = false
        var count: Int { bySession.values.reduce(0) { $0 + $1.count } }
    }

    /// A terminal that was stopped for a minute must not be cut off; a batch brings 32 events.
    package static let defaultQueueLimit = 512
    /// More watchers than this are a client's fault.
    package static let watcherLimit = 128

    private let queueLimit: Int
    private let watchers = Mutex(Watchers())

    package init(queueLimit: Int = defaultQueueLimit) { self.queueLimit = queueLimit }

    /// Sends to every watcher of the event's session; never waits.
    package func publish(_ event: Event) {
        watchers.withLock { watchers in
            for (number, watcher) in watchers.bySession[event.session] ?? [:]
            where !watcher.offer(event) {
                // What is going on now may be missed; what happened may not.
                guard event.number >= 0 else { continue }
                watcher.finish(.tooSlow)
                watchers.bySession[event.session]?[number] = nil
            }
        }
    }

    /// Runs `body` with a queue of what happens from now on.
    /// Throws `.busy` when there are too many watchers or the daemon stops.
    package func watching<Result>(
        _ session: String, isolation: isolated (any Actor)? = #isolation,
        _ body: (Watcher) async throws -> Result
    ) async throws -> Result {
        let (number, watcher) = try add(to: session)
        defer {
            watchers.withLock { watchers in
                watchers.bySession[session]?[number] = nil
                if watchers.bySession[session]?.isEmpty == true {
                    watchers.bySession[session] = nil
                }
            }
        }
        return try await body(watcher)
    }

    /// Ends every watcher's queue and lets none in any more.
    package func shutDown() {
        watchers.withLock { watchers in
            watchers.isShutDown = true
            for watcher in watchers.bySession.values.flatMap(\.values) {
                watcher.finish(.shutdown)
            }
        }
    }

    /// How many watch now.
    package var count: Int { watchers.withLock { $0.count } }

    private func add(to session: String) throws -> (Int, Watcher) {
        try watchers.withLock { watchers in
            guard !watchers.isShutDown else {
                throw TunerError(.busy, "cannot watch \(session): tunerd is stopping")
            }
            guard watchers.count < Self.watcherLimit else {
                throw TunerError(
                    .busy, "cannot watch \(session): \(Self.watcherLimit) others watch already",
                    hint: "end some of the clients that watch")
            }
            let watcher = Watcher(limit: queueLimit)
            let number = watchers.nextNumber
            watchers.nextNumber += 1
            watchers.bySession[session, default: [:]][number] = watcher
            return (number, watcher)
        }
    }
}
