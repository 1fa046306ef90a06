import Foundation
import Tuner
import TunerAPI

/// Sends bytes as they are, on a thread of its own: a blocked read must not take a thread that the daemon needs.
enum RawClient {
    /// What came back until the daemon closed the connection.
    struct Reply: Sendable {
        let text: String

        var status: Int? { text.split(separator: " ").dropFirst().first.flatMap { Int($0) } }

        var body: String {
            guard let end = text.range(of: "\r\n\r\n") else { return "" }
            let rest = String(text[end.upperBound...])
            return text[..<end.lowerBound].lowercased().contains("transfer-encoding: chunked")
                ? Self.unchunked(rest) : rest
        }

        var lines: [String] {
            body.split(separator: "\n").map(String.init)
        }

        /// The body as the daemon's error.
        func error() throws -> APIError {
            try WireFormat.decode(APIError.self, from: Data(body.utf8))
        }

        private static func unchunked(_ text: String) -> String {
            var bytes = Array(text.utf8)[...]
            var result: [UInt8] = []
            while let end = bytes.firstIndex(of: UInt8(ascii: "\r")),
                let size = Int(String(decoding: bytes[..<end], as: UTF8.self), radix: 16), size > 0
            {
                let chunk = bytes.dropFirst(end - bytes.startIndex + 2)
                result += chunk.prefix(size)
                bytes = chunk.dropFirst(size + 2)
            }
            return String(decoding: result, as: UTF8.self)
        }
    }

    static func get(_ path: String, socket: String) async throws -> Reply {
        try await exchange(
            ["GET \(path) HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"], socket: socket)
    }

    static func post(_ path: String, _ body: String, socket: String) async throws -> Reply {
        try await exchange(
            [
                "POST \(path) HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            ], socket: socket)
    }

    /// Sends `pieces` one after the other, calls `beforeReading`, and reads to the end.
    static func exchange(
        _ pieces: [String], socket: String,
        beforeReading: @escaping @Sendable () async throws -> Void = {}
    ) async throws -> Reply {
        let descriptor = try connect(to: socket)
        defer { close(descriptor) }
        for piece in pieces {
            try await onThread { Self.send(Array(piece.utf8), to: descriptor) }
        }
        try await beforeReading()
        return try await onThread { Reply(text: Self.readAll(descriptor)) }
    }

    private static func onThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result)
        async throws -> Result
    {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }

    static func connect(to path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            close(descriptor)
            throw TunerError(.connection, "cannot connect to \(path)")
        }
        return descriptor
    }

    /// Stops when the daemon takes no more.
    private static func send(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private static func readAll(_ descriptor: Int32) -> String {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return String(decoding: all, as: UTF8.self) }
            all += buffer.prefix(count)
        }
    }
}
