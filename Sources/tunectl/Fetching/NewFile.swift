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

/// Writing a file so that a reader finds the old one or the new one, never a part.
enum NewFile {
    static func write(_ text: String, to path: String) throws {
        try write(Array(text.utf8), to: path)
    }

    /// Writes under a temporary name beside `path`, syncs and renames. Throws `.storage`.
    static func write(_ bytes: [UInt8], to path: String) throws {
        let temporary = "\(path).\(getpid()).tmp"
        do {
            let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw failure(path, "create \(temporary)") }
            do {
                try writeAll(bytes, descriptor, path)
                guard fsync(descriptor) == 0 else { throw failure(path, "sync") }
                close(descriptor)
            } catch {
                close(descriptor)
                throw error
            }
            guard rename(temporary, path) == 0 else { throw failure(path, "rename") }
        } catch {
            // Whatever went wrong is told; the temporary file may not exist.
            unlink(temporary)
            throw error
        }
    }

    private static func writeAll(_ bytes: [UInt8], _ descriptor: Int32, _ path: String) throws {
        try bytes.withUnsafeBufferPointer { bytes in
            var done = 0
            while done < bytes.count, let start = bytes.baseAddress {
                let count = Glibc.write(descriptor, start + done, bytes.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw failure(path, "write") }
                done += count
            }
        }
    }

    private static func failure(_ path: String, _ step: String) -> TunerError {
        TunerError(
            .storage, "cannot write \(path): to \(step): \(String(cString: strerror(errno)))")
    }
}
