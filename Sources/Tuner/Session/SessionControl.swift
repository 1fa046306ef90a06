import Synchronization

/// How someone outside stops a running session: states the reason here, then cancels its task.
public final class SessionControl: Sendable {
    public enum Stop: Hashable, Sendable {
        /// The daemon ends: the session stays `running` in the store and goes on at the next start.
        case shutdown
        /// Somebody gave the session up; with `keep` the best so far may still replace records.
        case cancel(keep: Bool)
    }
    private let reason = Mutex<Stop?>(nil)

    public init() {}

    /// The first reason given stays.
    public func stop(_ stop: Stop) { reason.withLock { $0 = $0 ?? stop } }

    public var stopped: Stop? { reason.withLock { $0 } }
}
