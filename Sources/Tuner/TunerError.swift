/// An operation that did not succeed, with what was attempted, why it failed and what to do.
public struct TunerError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Codable, Sendable {
        case badRequest, notFound, conflict, unsupportedTarget, noCompiler, busy, storage, worker
        case compilation, connection, cancelled, `internal`
    }
    public var code: Code
    /// What was attempted, on what, why it failed.
    public var message: String
    /// What to do; nil when the message says it all.
    public var hint: String?

    public init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    public var description: String { hint.map { "\(message) (\($0))" } ?? message }
}
