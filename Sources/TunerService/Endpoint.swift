import HTTPTypes
import Hummingbird
import KernelSpace
import NIOCore
import Tuner
import TunerAPI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A request that has found its route.
struct Call: Sendable {
    /// Values of the path's placeholders, in order.
    var arguments: [String]
    var query: [String: String]
    /// Empty for GET.
    var body: Data
    var channel: any Channel

    /// Decodes the body, in which every name must be known: one misspelt would be left out silently.
    func decode<Value: Decodable>(_ type: Value.Type, names: Set<String>) throws -> Value {
        do {
            let given = try WireFormat.decode([String: Anything].self, from: body).keys
            if let unknown = given.sorted().first(where: { !names.contains($0) }) {
                throw TunerError(
                    .badRequest, "cannot read the request: it has an unknown name \"\(unknown)\"",
                    hint: "names are \(names.sorted().joined(separator: ", "))")
            }
            return try WireFormat.decode(type, from: body)
        } catch let error as DecodingError {
            throw TunerError(
                .badRequest, "cannot read the request: \(error.reason)",
                hint: "docs/openapi.yaml describes it")
        }
    }

    private struct Anything: Decodable {
        init(from decoder: any Decoder) {}
    }
}

extension DecodingError {
    /// One line: where, and what is wrong.
    var reason: String {
        let (context, what): (Context, String) =
            switch self {
            case .typeMismatch(let type, let context): (context, "must be \(type)")
            case .valueNotFound(let type, let context): (context, "must be \(type), not null")
            case .keyNotFound(let key, let context): (context, "needs \"\(key.stringValue)\"")
            case .dataCorrupted(let context): (context, context.debugDescription)
            @unknown default: (Context(codingPath: [], debugDescription: ""), "\(self)")
            }
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        return path.isEmpty ? "it \(what)" : "\(path) \(what)"
    }
}

/// One row of the table of routes.
struct Endpoint: Sendable {
    var route: Route
    /// Names that the query may have.
    var query: Set<String> = []
    var answer: @Sendable (ServiceParts, Call) async throws -> Response

    private var parts: [Substring] { route.template.split(separator: "/") }

    /// Values of the placeholders, or nil if the path is another one.
    func match(_ path: [Substring]) -> [String]? {
        let parts = parts
        guard parts.count == path.count else { return nil }
        var arguments: [String] = []
        for (part, given) in zip(parts, path) {
            if part.hasPrefix("{") {
                guard let value = given.removingPercentEncoding else { return nil }
                arguments.append(value)
            } else if part != given {
                return nil
            }
        }
        return arguments
    }

    /// Throws `.badRequest` for a name that the query must not have.
    func check(_ query: [String: String]) throws {
        guard let unknown = query.keys.sorted().first(where: { !self.query.contains($0) }) else {
            return
        }
        let known = self.query.sorted().joined(separator: ", ")
        throw TunerError(
            .badRequest, "\(route.template) has no query item \"\(unknown)\"",
            hint: known.isEmpty ? "it has none" : "it has \(known)")
    }
}

extension Response {
    /// `value` as JSON.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response
    {
        json(bytes: try WireFormat.encode(value), status: status)
    }

    /// JSON that is encoded already.
    static func json(bytes: Data, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: WireFormat.mediaType],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// What any error looks like to a client.
    static func failure(_ error: APIError, status: HTTPResponse.Status? = nil) -> Response {
        // Encoding three strings does not fail; were it to, the status says enough.
        let bytes = (try? WireFormat.encode(error)) ?? Data()
        return json(bytes: bytes, status: status ?? HTTPResponse.Status(code: error.status))
    }
}

extension APIError {
    /// Whatever was thrown; an error that nobody expected is `internal`.
    init(anything error: any Error) {
        switch error {
        case let error as TunerError: self.init(error)
        case let error as KernelSpaceError:
            self.init(
                code: error.code == .target ? .unsupportedTarget : .badRequest,
                message: error.description)
        default: self.init(code: .internal, message: "\(error)", hint: "tunerd's log may say more")
        }
    }
}
