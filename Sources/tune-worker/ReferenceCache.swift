#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
import Glibc
import WorkerProtocol

/// Reference results in a folder, one file each, named by what they are results of.
///
///     <hash of the key>.reference
///     ├─ "TNREF1\0\0"
///     ├─ UInt64  bytes of the key, then the key itself (text)
///     ├─ UInt64  number of values
///     ├─ values  Double each, in the machine's byte order
///     └─ UInt64  checksum of everything before it
struct ReferenceCache {
    private static let magic = Array("TNREF1\0\0".utf8)
    let folder: String

    /// What a result depends on. Tolerances are not in it.
    struct Key {
        let text: String

        init(objectHash: UInt64, symbol: String, layout: ProblemLayout, seed: UInt64) {
            var buffers = ""
            for buffer in layout.buffers where buffer.role != .scratch {
                buffers +=
                    ";\(buffer.role.rawValue),\(buffer.element.rawValue),\(buffer.shape),"
                    + "\(buffer.strides),\(buffer.fill)"
            }
            // `operations` decides which rows are computed.
            text =
                "\(objectHash);\(symbol);\(seed);\(layout.dimensions);\(layout.operations)\(buffers)"
        }
    }

    private func path(_ key: Key) -> String {
        let hash = ContentHash.of(Array(key.text.utf8))
        return "\(folder)/\(String(hash, radix: 16)).reference"
    }

    /// The cached values, or nil when there are none that are whole, for this key and as many as asked for.
    func read(_ key: Key, count: Int) -> [Double]? {
        guard let bytes = FileBytes.read(path(key)) else { return nil }
        let header = Self.header(key, count: count)
        let valueBytes = count * MemoryLayout<Double>.size
        let end = header.count + valueBytes
        guard bytes.count == end + 8, bytes.starts(with: header),
            bytes[end...].elementsEqual(Self.bytes(of: ContentHash.of(Array(bytes[..<end]))))
        else { return nil }
        var values = [Double](repeating: 0, count: count)
        values.withUnsafeMutableBytes { $0.copyBytes(from: bytes[header.count..<end]) }
        return values
    }

    /// Best effort: without the file the next worker computes it again.
    func write(_ key: Key, values: [Double]) {
        var bytes = Self.header(key, count: values.count)
        values.withUnsafeBytes { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: Self.bytes(of: ContentHash.of(bytes)))
        FileBytes.replace(path(key), with: bytes)
    }

    private static func header(_ key: Key, count: Int) -> [UInt8] {
        let text = Array(key.text.utf8)
        return magic + bytes(of: UInt64(text.count)) + text + bytes(of: UInt64(count))
    }

    private static func bytes(of value: UInt64) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}

/// A fast 64-bit hash of bytes, against damage and mix-ups, not against an adversary: who can write the cache owns the daemon's files.
enum ContentHash {
    static func of(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { of($0) } }

    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = SplitMix.mix(UInt64(bytes.count))
        var at = 0
        while at + 8 <= bytes.count {
            hash = SplitMix.mix(hash ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            at += 8
        }
        var tail: UInt64 = 0
        while at < bytes.count {
            tail = tail << 8 | UInt64(bytes[at])
            at += 1
        }
        return SplitMix.mix(hash ^ tail &+ 0x9E37_79B9_7F4A_7C15)
    }
}

/// Whole files as bytes.
enum FileBytes {
    /// Nil when it cannot be read.
    static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return nil }
            done += count
        }
        return bytes
    }

    /// Writes to a temporary name of this process and renames: a reader sees all of it or nothing. Best effort.
    static func replace(_ path: String, with bytes: [UInt8]) {
        let temporary = "\(path).\(getpid()).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            done += count
        }
        close(descriptor)
        if done < bytes.count || rename(temporary, path) != 0 { unlink(temporary) }
    }
}
