import KernelSpace
import Tuner

/// The daemon, as a client in Swift sees it: one call a route.
///
/// Every call throws `TunerError`: what the daemon answered, or `.connection` when it could not be asked.
public struct TunerClient: Sendable {
    /// Path of the daemon's socket.
    public let socket: String

    /// Connects when it is first asked for something.
    public init(socket: String) { self.socket = socket }

    /// Whether the daemon answers.
    public func health() async throws -> Health { try await get(.health) }

    /// What the daemon is and does now.
    public func status() async throws -> Status { try await get(.status) }

    /// Every target, weakest first.
    public func targets() async throws -> TargetList { try await get(.targets) }

    /// Every strategy.
    public func strategies() async throws -> StrategyList { try await get(.strategies) }

    /// Every kernel on the kernel path, and what is wrong with others.
    public func kernels() async throws -> KernelList { try await get(.kernels) }

    /// Every session, oldest first.
    public func sessions() async throws -> SessionList { try await get(.sessions) }

    /// What a kernel's manifest says.
    public func kernel(_ name: String) async throws -> KernelDetail {
        try await get(.kernel, [name])
    }

    /// Adds a folder, absolute as the daemon sees it; returns what was found in it.
    public func addKernels(folder: String) async throws -> KernelList {
        try await call(.addKernels, body: AddKernels(folder: folder))
    }

    /// Queues a session.
    public func createSession(_ request: CreateSession) async throws -> Session {
        try await call(.createSession, body: request)
    }

    /// A session as it is now.
    public func session(_ id: String) async throws -> Session { try await get(.session, [id]) }

    /// Trials of one entry of the workload, or of all.
    public func trials(session: String, entry: Int? = nil) async throws -> TrialList {
        try await get(.trials, [session], query: [("entry", entry.map(String.init))])
    }

    /// The document as the daemon wrote it; `entry` may be left out where the session has one only.
    public func export(session: String, entry: Int? = nil, format: ExportFormat = .t4)
        async throws -> String
    {
        let query: [(name: String, value: String?)] = [
            ("entry", entry.map(String.init)), ("format", format.rawValue),
        ]
        let answer = try await answer(.export, [session], query: query, body: nil)
        return String(decoding: answer.bytes, as: UTF8.self)
    }

    /// Asks a session to end; its events tell when it has. With `keep` it may still replace records.
    public func cancel(session: String, keep: Bool = false) async throws -> Session {
        try await call(
            .cancelSession, [session], query: [("keep", keep ? "true" : nil)], body: String?.none)
    }

    /// Records of one kernel, or all.
    public func records(kernel: String? = nil) async throws -> RecordList {
        try await get(.records, query: [("kernel", kernel)])
    }

    /// `problem` as a person types it: `m=512,n=512,k=512`.
    public func lookup(kernel: String, problem: String, target: String) async throws
        -> LookupResponse
    {
        try await get(
            .lookup, query: [("kernel", kernel), ("problem", problem), ("target", target)])
    }

    // MARK: - Calls

    private func get<Answer: Decodable>(
        _ route: Route, _ arguments: [String] = [],
        query: [(name: String, value: String?)] = []
    ) async throws -> Answer {
        try await call(route, arguments, query: query, body: String?.none)
    }

    private func call<Answer: Decodable>(
        _ route: Route, _ arguments: [String] = [],
        query: [(name: String, value: String?)] = [], body: (some Encodable)?
    ) async throws -> Answer {
        let answer = try await answer(
            route, arguments, query: query, body: body.map { try Array(WireFormat.encode($0)) })
        do {
            return try WireFormat.decode(Answer.self, from: answer.data)
        } catch {
            throw TunerError(
                .connection,
                "cannot read what tunerd at \(socket) answered to \(route.method.rawValue) "
                    + "\(route.template): \(error)",
                hint: "daemon and client may be of different versions: compare `tunectl --version` "
                    + "with `tunerd --version`")
        }
    }

    /// What the daemon answers when it does what it was asked.
    private func answer(
        _ route: Route, _ arguments: [String], query: [(name: String, value: String?)],
        body: [UInt8]?
    ) async throws -> HTTPExchange.Answer {
        let answer = try await HTTPExchange(socket: socket).answer(
            route.method, route.path(arguments, query: query), body: body)
        guard (200..<300).contains(answer.status) else { throw answer.error(socket: socket) }
        return answer
    }
}
