import CProcess
import Glibc
import WorkerProtocol

/// Loads, verifies and times variants for the daemon, which starts it; nobody else does.
///
/// Requests and replies are frames (FrameCodec) on descriptor 3. It ends when that closes.
@main
enum TuneWorker {
    private static let channel: Int32 = 3

    static func main() {
        var type: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(channel, SOL_SOCKET, SO_TYPE, &type, &length) == 0 else {
            complain("descriptor 3 is not a socket; tunerd starts this program, nobody else need")
            exit(64)
        }
        // A daemon that is gone is noticed by the failing write.
        signal(SIGPIPE, SIG_IGN)
        guard cworker_install_handlers(channel) == 0, let worker = Worker() else { exit(71) }
        var reader = FrameReader()
        while let request = nextRequest(&reader) {
            let reply = worker.reply(to: request)
            guard let frame = try? FrameCodec.encode(reply), send(frame) else { exit(74) }
        }
    }

    /// Nil when the channel is closed, or a frame is bad: only the daemon writes here, so it is not the one this worker is made for.
    private static func nextRequest(_ reader: inout FrameReader) -> WorkerRequest? {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        do {
            while true {
                if let request = try reader.next(WorkerRequest.self) { return request }
                let count = read(channel, &chunk, chunk.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return nil }
                reader.append(chunk.prefix(count))
            }
        } catch {
            complain("\(error)")
            return nil
        }
    }

    private static func complain(_ message: String) {
        let line = Array("tune-worker: \(message)\n".utf8)
        _ = write(2, line, line.count)
    }

    private static func send(_ frame: [UInt8]) -> Bool {
        var sent = 0
        while sent < frame.count {
            let count = frame.withUnsafeBytes {
                write(channel, $0.baseAddress.map { $0 + sent }, $0.count - sent)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
