import Tuner

/// The body of every response that is not a success, and the last line of an event stream that was cut off.
public struct APIError: Error, Hashable, Codable, Sendable, CustomStringConvertible {
    public var code: TunerError.Code
    /// What was attempted, on what, why it failed.
    public var message: String
    /// What to do; nil when the message says it all.
    public var hint: String?

    public init(code: TunerError.Code, message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    public init(_ error: TunerError) {
        self.init(code: error.code, message: error.message, hint: error.hint)
    }

    public var description: String { TunerError(code, message, hint: hint).description }

    /// The HTTP status that goes with the code.
    public var status: Int { Self.statuses[code] ?? 500 }

    private static let statuses: [TunerError.Code: Int] = [
        .badRequest: 400, .unsupportedTarget: 400, .notFound: 404, .conflict: 409, .cancelled: 409,
        .noCompiler: 503, .busy: 503, .connection: 503, .storage: 500, .worker: 500,
        .compilation: 500, .internal: 500,
    ]
}
