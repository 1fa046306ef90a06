import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Tuner
import TunerAPI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The daemon's HTTP/1.1 interface on a Unix socket. What clients send costs bounded memory and time.
package struct HTTPService: Service {
    /// What one client may cost.
    package struct Limits: Sendable {
        package var bodyBytes = 1 << 20
        package var headerBytes = 16 << 10
        package var headers = 100
        package var connections = 256
        /// For a connection without a request, or with a request that does not go on.
        package var idle = Duration.seconds(30)
        /// For a whole body.
        package var body = Duration.seconds(30)

        package init() {}
    }

    private let parts: ServiceParts
    private let limits: Limits
    private let isReady: @Sendable () async -> Void

    /// `isReady` is called once the socket answers.
    package init(
        parts: ServiceParts, limits: Limits = Limits(),
        isReady: @escaping @Sendable () async -> Void = {}
    ) {
        self.parts = parts
        self.limits = limits
        self.isReady = isReady
    }

    /// Serves until a graceful shutdown, which ends every event stream.
    package func run() async throws {
        let path = parts.identity.socket
        var quiet = parts.log
        quiet.logLevel = max(quiet.logLevel, .warning)
        let application = Application(
            responder: Responder(parts: parts, limits: limits),
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    idleTimeout: TimeAmount(limits.idle),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: limits.headerBytes,
                        maxHeaderListSize: limits.headerBytes,
                        maxHeaderFieldCount: limits.headers))),
            configuration: ApplicationConfiguration(
                address: .unixDomainSocket(path: path), serverName: "tunerd",
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connections)),
            onServerRunning: { _ in
                SocketFile.open(path)
                await isReady()
            }, logger: quiet)
        let hub = parts.hub
        try await withGracefulShutdownHandler {
            try await application.run()
        } onGracefulShutdown: {
            hub.shutDown()
        }
        SocketFile.remove(path)
    }
}

/// What a request comes with.
private struct Connection: InitializableFromSource {
    let channel: any Channel

    init(source: ApplicationRequestContextSource) { channel = source.channel }
}

/// Finds the endpoint of a request; every failure becomes JSON.
private struct Responder: HTTPResponder {
    let parts: ServiceParts
    let limits: HTTPService.Limits

    func respond(to request: Request, context: Connection) async throws -> Response {
        do {
            return try await answer(request, context)
        } catch let error as HTTPParserError {
            // Hummingbird answers 400 and closes the connection, whose state is unknown.
            throw error
        } catch {
            let failure = APIError(anything: error)
            if failure.status >= 500 {
                parts.log.warning(
                    "request failed: \(failure)",
                    metadata: ["request": "\(request.method) \(request.uri.path)"])
            }
            return .failure(failure)
        }
    }

    private func answer(_ request: Request, _ context: Connection) async throws -> Response {
        let path = request.uri.path.split(separator: "/", omittingEmptySubsequences: true)
        let found = Endpoint.all.compactMap { endpoint in
            endpoint.match(path).map { (endpoint: endpoint, arguments: $0) }
        }
        guard !found.isEmpty else {
            throw TunerError(
                .notFound, "there is nothing at \(request.uri.path)",
                hint: "docs/openapi.yaml lists what there is")
        }
        guard
            let (endpoint, arguments) = found.first(where: {
                $0.endpoint.route.method.rawValue == request.method.rawValue
            })
        else {
            let methods = found.map(\.endpoint.route.method.rawValue).joined(separator: ", ")
            var response = Response.failure(
                APIError(
                    code: .badRequest,
                    message: "\(request.uri.path) cannot be asked with \(request.method)",
                    hint: "use \(methods)"), status: .methodNotAllowed)
            response.headers[.allow] = methods
            return response
        }
        let query = try query(of: request)
        try endpoint.check(query)
        let body = endpoint.route.method == .post ? try await body(of: request) : Data()
        guard let body else { return tooLarge(context) }
        return try await endpoint.answer(
            parts,
            Call(arguments: arguments, query: query, body: body, channel: context.channel))
    }

    private func query(of request: Request) throws -> [String: String] {
        var query: [String: String] = [:]
        for (name, value) in request.uri.queryParameters {
            guard query.updateValue(String(value), forKey: String(name)) == nil else {
                throw TunerError(.badRequest, "the query has \"\(name)\" twice")
            }
        }
        return query
    }

    /// Nil if it is larger than allowed. Throws `.badRequest` when it does not come to its end in time.
    private func body(of request: Request) async throws -> Data? {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }),
            length > limits.bodyBytes
        {
            return nil
        }
        return try await withThrowingTaskGroup(of: Data?.self) { group in
            group.addTask {
                do {
                    let buffer = try await request.body.collect(upTo: limits.bodyBytes)
                    return Data(buffer.readableBytesView)
                } catch is NIOTooManyBytesError {
                    return nil
                } catch let error as HTTPError where error.status == .contentTooLarge {
                    return nil
                }
            }
            group.addTask {
                try await Task.sleep(for: limits.body)
                throw TunerError(
                    .badRequest, "the body did not end within \(limits.body)")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// Refuses a body without reading it: the connection is closed, once the answer had time to arrive.
    private func tooLarge(_ context: Connection) -> Response {
        let channel = context.channel
        channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        var response = Response.failure(
            APIError(
                code: .badRequest,
                message: "the request's body is larger than \(limits.bodyBytes) bytes"),
            status: .contentTooLarge)
        response.headers[.connection] = "close"
        return response
    }
}
