import Crypto
import KernelSpace

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Files that must be whole or absent, and that nobody else may have written.
enum ObjectFile {
    /// Why a file is not what was asked for.
    struct Problem: Error {
        let path: String
        let operation: String
        let errno: Int32

        var error: TunerError {
            let reason = String(cString: strerror(errno))
            return TunerError(
                .storage, "cannot \(operation) \(path): \(reason)",
                hint: errno == ENOSPC ? "free some space on that disk" : nil)
        }
    }

    /// Content of a file that belongs to this user and that only this user can write; nil for any other.
    static func trustedContent(of path: String, atMost limit: Int) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_uid == geteuid(), status.st_mode & (S_IWGRP | S_IWOTH) == 0,
            status.st_size <= limit
        else { return nil }
        let size = Int(status.st_size)
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(size, 1)) { bytes in
            var count = 0
            while count < size {
                let got = read(file, bytes.baseAddress?.advanced(by: count), size - count)
                if got < 0 && errno == EINTR { continue }
                guard got > 0 else { return nil }
                count += got
            }
            return Array(bytes.prefix(count))
        }
    }

    /// Writes `content` under a temporary name, syncs it if it must survive, and renames it to `path`.
    static func write(
        _ content: some Collection<UInt8>, to path: String, synced: Bool = true
    ) throws(Problem) {
        let temporary = path + ".tmp"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw Problem(path: temporary, operation: "create", errno: errno)
        }
        let code = write(Array(content), to: file, synced: synced)
        close(file)
        guard code == 0, rename(temporary, path) == 0 else {
            let reason = code == 0 ? errno : code
            unlink(temporary)
            throw Problem(path: path, operation: "write", errno: reason)
        }
    }

    /// The error number, or 0.
    private static func write(_ content: [UInt8], to file: Int32, synced: Bool) -> Int32 {
        let code = content.withUnsafeBytes { bytes in
            var count = 0
            while count < bytes.count {
                let put = pwrite(
                    file, bytes.baseAddress?.advanced(by: count), bytes.count - count, count)
                if put < 0 && errno == EINTR { continue }
                if put <= 0 { return errno }
                count += put
            }
            return 0
        }
        if code != 0 || !synced { return code }
        return fsync(file) == 0 ? 0 : errno
    }

    /// Makes renames in `folder` durable.
    static func syncFolder(_ folder: String) {
        let file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { return }
        fsync(file)
        close(file)
    }

    static func sha256(_ content: [UInt8]) -> String {
        SHA256.hash(data: content).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
