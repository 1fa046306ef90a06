import Tuner

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The right to write a state directory, held by one process until this is released or the process
/// ends, however it ends.
final class StateLock: Sendable {
    private let descriptor: Int32

    /// Throws `.busy` naming the process that has it.
    init(directory: String) throws {
        let path = directory + "/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StorageFailure(code: errno, attempt: "open the lock", path: path).error
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let holder = Self.holder(descriptor)
            close(descriptor)
            guard code == EWOULDBLOCK else {
                throw StorageFailure(code: code, attempt: "lock", path: path).error
            }
            throw Self.refusal(directory: directory, holder: holder)
        }
        self.descriptor = descriptor
        writeHolder()
    }

    deinit { close(descriptor) }

    private static func refusal(directory: String, holder: Int32?) -> TunerError {
        guard let holder else {
            return TunerError(
                .busy, "cannot use the state in \(directory): another tunerd uses it",
                hint: "end that one, or choose another state directory")
        }
        return TunerError(
            .busy, "cannot use the state in \(directory): process \(holder) uses it",
            hint: "end process \(holder), or choose another state directory")
    }

    /// The process id written by the holder; nil if it has not come to that yet.
    private static func holder(_ descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        let digits = bytes.prefix(count).prefix { $0 != UInt8(ascii: "\n") }
        return Int32(String(decoding: digits, as: UTF8.self))
    }

    /// Only for the refusal's message: the lock holds without it, so a full disk is no reason to
    /// stop.
    private func writeHolder() {
        let line = Array("\(getpid())\n".utf8)
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, line, line.count, 0) }
    }
}
