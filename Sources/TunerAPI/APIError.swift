import Tuner

/// The body of every response that is not a success, and the last line of an event stream that was cut off.
public struct APIError: Error, Hashable, Codable, Sendable, CustomStringConvertible {
    /// What kind of error; the status follows from it.
    public var code: TunerError.Code
    /// What was attempted, on what, why it failed.
    public var message: String
    /// What to do; nil when the message says it all.
    public var hint: String?

    /// `hint` is nil when the message says it all.
    public init(code: TunerError.Code, message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// The same error as the wire carries it.
    public init(_ error: TunerError) {
        self.init(code: error.code, message: error.message, hint: error.hint)
    }

    /// Message and hint in one line.
    public var description: String { TunerError(code, message, hint: hint).description }

    /// The HTTP status that goes with the code.
    public var status: Int { Self.statuses[code] ?? 500 }

    private static let statuses: [TunerError.Code: Int] = [
        .badRequest: 400, .unsupportedTarget: 400, .notFound: 404, .conflict: 409, .cancelled: 409,
        .noCompiler: 503, .busy: 503, .connection: 503, .storage: 500, .worker: 500,
        .compilation: 500, .internal: 500,
    ]
}
