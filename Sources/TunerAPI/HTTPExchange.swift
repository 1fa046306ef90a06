import NIOCore
import NIOHTTP1
import NIOPosix
import Tuner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One request and its answer, on a connection of its own: a Unix socket connects in microseconds.
struct HTTPExchange {
    typealias Channel = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    /// What came back, whole.
    struct Answer {
        var status: Int
        var bytes: [UInt8]

        var data: Data { Data(bytes) }

        /// The error that the body describes, or one that quotes a body of another kind.
        func error(socket: String) -> TunerError {
            if let error = try? WireFormat.decode(APIError.self, from: data) {
                return TunerError(error.code, error.message, hint: error.hint)
            }
            let text = String(decoding: bytes.prefix(200), as: UTF8.self)
            return TunerError(
                .connection, "tunerd at \(socket) answered with status \(status): \(text)",
                hint: "is it tunerd that listens there?")
        }
    }

    /// One thread serves every exchange of the process; it lives as long as the process.
    private static let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    /// Most bytes of an answer.
    static let answerByteLimit = 256 << 20
    /// Every request but an event stream is answered in milliseconds; a daemon that takes this long hangs.
    static let patience = Duration.seconds(30)

    let socket: String

    /// Sends the request and collects the answer.
    func answer(_ method: Route.Method, _ path: String, body: [UInt8]?) async throws -> Answer {
        try await withThrowingTaskGroup(of: Answer?.self) { group in
            group.addTask {
                var bytes: [UInt8] = []
                let status = try await send(method, path, body: body) { part in
                    guard bytes.count + part.readableBytes <= Self.answerByteLimit else {
                        throw failure("it answered with more than \(Self.answerByteLimit) bytes")
                    }
                    bytes.append(contentsOf: part.readableBytesView)
                    return true
                }
                return Answer(status: status, bytes: bytes)
            }
            group.addTask {
                try await Task.sleep(for: Self.patience)
                return nil
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next().flatMap({ $0 }) else {
                throw failure("it did not answer within \(Self.patience)")
            }
            return answer
        }
    }

    /// Sends the request, hands over the body's parts as they come until `receive` returns false, and returns the status.
    func send(
        _ method: Route.Method, _ path: String, body: [UInt8]?,
        started: (Int) throws -> Void = { _ in },
        receive: (ByteBuffer) async throws -> Bool
    ) async throws -> Int {
        let channel = try await connect()
        do {
            return try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(contentsOf: request(method, path, body))
                var status: Int?
                for try await part in inbound {
                    switch part {
                    case .head(let head):
                        status = Int(head.status.code)
                        try started(Int(head.status.code))
                    case .body(let bytes):
                        guard try await receive(bytes) else { return status ?? 0 }
                    case .end:
                        return status ?? 0
                    }
                }
                throw failure("it closed the connection before its answer was complete")
            }
        } catch let error as TunerError {
            throw error
        } catch let error as IOError {
            throw failure(String(cString: strerror(error.errnoCode)))
        } catch is ChannelError {
            throw failure("it closed the connection")
        } catch let error as HTTPParserError {
            throw failure("it does not speak HTTP/1.1: \(error)")
        }
    }

    private func request(_ method: Route.Method, _ path: String, _ body: [UInt8]?)
        -> [HTTPClientRequestPart]
    {
        var headers: HTTPHeaders = ["Host": "localhost", "Connection": "close"]
        if method == .post { headers.add(name: "Content-Length", value: "\(body?.count ?? 0)") }
        if body != nil { headers.add(name: "Content-Type", value: WireFormat.mediaType) }
        let head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: method.rawValue), uri: path,
            headers: headers)
        return [.head(head)] + (body.map { [.body(.byteBuffer(ByteBuffer(bytes: $0)))] } ?? [])
            + [.end(nil)]
    }

    private func failure(_ reason: String) -> TunerError {
        TunerError(.connection, "lost tunerd at \(socket): \(reason)")
    }
}

// MARK: - Connecting

extension HTTPExchange {
    private func connect() async throws -> Channel {
        guard socket.utf8.count <= SocketPath.lengthLimit else {
            throw TunerError(
                .connection,
                "cannot reach tunerd at \(socket): the path has \(socket.utf8.count) bytes; "
                    + "a Unix socket's path has at most \(SocketPath.lengthLimit)",
                hint: "choose a shorter one, with --socket here and at tunerd")
        }
        do {
            return try await ClientBootstrap(group: Self.eventLoops)
                .connect(unixDomainSocketPath: socket) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        return try Channel(wrappingChannelSynchronously: channel)
                    }
                }
        } catch let error as IOError {
            throw unreachable(error.errnoCode)
        } catch let error as TunerError {
            throw error
        } catch {
            throw TunerError(.connection, "cannot reach tunerd at \(socket): \(error)")
        }
    }

    private func unreachable(_ code: CInt) -> TunerError {
        let reason: String
        let hint: String
        switch code {
        case EACCES, EPERM:
            reason = "permission denied"
            hint =
                Self.group(of: socket).map {
                    "the socket belongs to the group \($0): have yourself added with `sudo usermod "
                        + "-aG \($0) $USER` and log in again"
                } ?? "ask whoever runs tunerd to add you to its socket's group"
        case ENOENT:
            reason = "there is no socket"
            hint = Self.startHint
        case ECONNREFUSED:
            reason = "nothing listens on the socket"
            hint = Self.startHint
        default:
            reason = String(cString: strerror(code))
            hint = Self.startHint
        }
        return TunerError(.connection, "cannot reach tunerd at \(socket): \(reason)", hint: hint)
    }

    private static let startHint =
        "start it with `tunerd` or `systemctl start tunerd`, name its socket with --socket, or "
        + "tune without a daemon: `tunectl tune --standalone`"

    /// Name of the group that owns a file, its number if it has no name.
    private static func group(of path: String) -> String? {
        var entry = stat()
        guard stat(path, &entry) == 0 else { return nil }
        return getgrgid(entry.st_gid).map { String(cString: $0.pointee.gr_name) }
            ?? "\(entry.st_gid)"
    }
}
