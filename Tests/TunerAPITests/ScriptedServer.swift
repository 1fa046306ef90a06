import Foundation
import Synchronization

/// A server that answers connections with prepared bytes, one script after the other, whatever it is asked.
final class ScriptedServer: Sendable {
    let socket: String
    private let listener: Int32
    private let seen = Mutex<[String]>([])

    /// Requests so far: head and body.
    var requests: [String] { seen.withLock { $0 } }

    /// The connection after the last script finds nobody.
    init(_ scripts: [String]) throws {
        let path = "/tmp/tunerd-test-\(UUID().uuidString.prefix(8)).sock"
        socket = path
        listener = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, size) }
        }
        guard bound == 0, listen(listener, 8) == 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
        Thread.detachNewThread { [self] in serve(scripts) }
    }

    private func serve(_ scripts: [String]) {
        for script in scripts {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { break }
            let request = Self.readRequest(connection)
            seen.withLock { $0.append(request) }
            var bytes = Array(script.utf8)[...]
            while !bytes.isEmpty {
                let count = bytes.withUnsafeBytes {
                    send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { break }
                bytes = bytes.dropFirst(count)
            }
            close(connection)
        }
        close(listener)
        unlink(socket)
    }

    private static func readRequest(_ connection: Int32) -> String {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            if let end = text.range(of: "\r\n\r\n") {
                let length = text[..<end.lowerBound].split(separator: "\r\n")
                    .first { $0.hasPrefix("Content-Length: ") }
                    .flatMap { Int($0.dropFirst("Content-Length: ".count)) }
                if text[end.upperBound...].utf8.count >= length ?? 0 { return text }
            }
            let count = read(connection, &buffer, buffer.count)
            guard count > 0 else { return text }
            text += String(decoding: buffer.prefix(count), as: UTF8.self)
        }
    }

    /// A whole answer.
    static func answer(_ status: String, _ body: String) -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// A stream of lines, after them `half` of one; without the last chunk unless it `isWhole`.
    static func stream(_ lines: [String], half: String = "", isWhole: Bool) -> String {
        let body = lines.map { $0 + "\n" }.joined() + half
        let chunk = String(body.utf8.count, radix: 16) + "\r\n" + body + "\r\n"
        return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + (body.isEmpty ? "" : chunk) + (isWhole ? "0\r\n\r\n" : "")
    }
}
