/// One operation of the daemon's HTTP interface; `all` is the whole interface.
public struct Route: Hashable, Sendable {
    /// The HTTP methods in use.
    public enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
    }
    /// GET asks, POST changes something.
    public let method: Method
    /// Path with placeholders: `/v1/sessions/{id}/trials`
    public let template: String
    /// What it does, as the interface's description says it.
    public let summary: String

    private init(_ method: Method, _ template: String, _ summary: String) {
        self.method = method
        self.template = template
        self.summary = summary
    }

    /// → `Health`
    public static let health = Route(.get, "/v1/health", "Whether the daemon answers")
    /// → `Status`
    public static let status = Route(.get, "/v1/status", "What the daemon is and does now")
    /// → `TargetList`
    public static let targets = Route(.get, "/v1/targets", "Every target, and what it lacks here")
    /// → `StrategyList`
    public static let strategies = Route(.get, "/v1/strategies", "Every strategy")
    /// → `KernelList`
    public static let kernels = Route(.get, "/v1/kernels", "Every kernel on the kernel path")
    /// → `KernelDetail`
    public static let kernel = Route(.get, "/v1/kernels/{name}", "One kernel's manifest")
    /// `AddKernels` → `KernelList` of what was added
    public static let addKernels = Route(.post, "/v1/kernels", "Add a folder to the kernel path")
    /// `CreateSession` → `Session`
    public static let createSession = Route(.post, "/v1/sessions", "Queue a session")
    /// → `SessionList`
    public static let sessions = Route(.get, "/v1/sessions", "Every session, oldest first")
    /// → `Session`
    public static let session = Route(.get, "/v1/sessions/{id}", "One session")
    /// Query `entry` → `TrialList`
    public static let trials = Route(.get, "/v1/sessions/{id}/trials", "A session's trials")
    /// Query `entry`, `format` (`t4`, `t1`) → a document in that format
    public static let export = Route(
        .get, "/v1/sessions/{id}/export", "A session's trials or search space, for other programs")
    /// Query `keep`: whether what was found may replace records → `Session`, as it is when the request to end has been noted
    public static let cancelSession = Route(
        .post, "/v1/sessions/{id}/cancel", "End a session that is queued or running")
    /// Query `from`: number of the first event wanted → one `Event` a line, until the session is over
    public static let events = Route(
        .get, "/v1/sessions/{id}/events", "A session's events, as they happen")
    /// Query `kernel` → `RecordList`
    public static let records = Route(.get, "/v1/records", "Every tuning record")
    /// Query `kernel`, `problem` (`m=512,n=512,k=512`), `target` → `LookupResponse`
    public static let lookup = Route(
        .get, "/v1/lookup", "The best configuration known for a kernel at a problem")

    /// The whole interface.
    public static let all = [
        health, status, targets, strategies, kernels, kernel, addKernels, createSession, sessions,
        session, trials, export, cancelSession, events, records, lookup,
    ]

    /// Names of the placeholders, in order.
    public var parameters: [String] {
        template.split(separator: "/").filter { $0.hasPrefix("{") && $0.hasSuffix("}") }
            .map { String($0.dropFirst().dropLast()) }
    }

    /// What a client requests: placeholders filled and a query appended, both percent-encoded.
    ///
    /// `arguments` are in the order of `parameters`, one each; query items without a value are left out.
    public func path(_ arguments: [String] = [], query: [(name: String, value: String?)] = [])
        -> String
    {
        precondition(
            arguments.count == parameters.count,
            "\(template) takes \(parameters.count) arguments, not \(arguments.count)")
        var rest = arguments[...]
        let filled = template.split(separator: "/").map { part in
            part.hasPrefix("{") ? Self.encoded(rest.removeFirst()) : String(part)
        }
        let items = query.compactMap { item in
            item.value.map { "\(Self.encoded(item.name))=\(Self.encoded($0))" }
        }
        return "/" + filled.joined(separator: "/")
            + (items.isEmpty ? "" : "?" + items.joined(separator: "&"))
    }

    /// RFC 3986: everything but the unreserved characters is encoded.
    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".unicodeScalars)
        var result = String.UnicodeScalarView()
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "-", ".", "_", "~": result.append(scalar)
            default:
                result.append(contentsOf: ["%", digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
        return String(result)
    }
}
