import CZlib

/// Gzip (RFC 1952) in memory.
public enum Gzip {
    /// Bytes that a file may expand to: fifty times the largest recording known, and no bomb.
    static let expandedLimit = 1 << 30

    /// What is wrong with compressed bytes.
    enum Damage: Error {
        case truncated, tooLarge
        case corrupt(String)
    }

    /// Whether the bytes start as every gzip file does.
    static func isCompressed(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    /// The bytes of all members, one after the other.
    static func expand(_ bytes: [UInt8], limit: Int = expandedLimit) throws(Damage) -> [UInt8] {
        var stream = z_stream()
        // 15 bits of window; 16 more ask for gzip's header and checksum.
        let status = inflateInit2_(
            &stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw .corrupt("zlib answers \(status)") }
        defer { inflateEnd(&stream) }
        var input = bytes
        var expanded: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        var consumed = 0
        while true {
            let (status, read, written) = inflate(&stream, &input, from: consumed, into: &chunk)
            consumed += read
            expanded += chunk[..<written]
            guard expanded.count <= limit else { throw .tooLarge }
            switch status {
            case Z_OK: continue
            case Z_STREAM_END:
                if consumed == bytes.count { return expanded }
                inflateReset(&stream)
            case Z_BUF_ERROR: throw .truncated
            default: throw .corrupt(stream.msg.map { String(cString: $0) } ?? "zlib \(status)")
            }
        }
    }

    /// One step: what zlib answered, and how much it read and wrote.
    private static func inflate(
        _ stream: inout z_stream, _ input: inout [UInt8], from start: Int, into chunk: inout [UInt8]
    ) -> (status: Int32, read: Int, written: Int) {
        input.withUnsafeMutableBufferPointer { input in
            chunk.withUnsafeMutableBufferPointer { chunk in
                // zlib counts in 32 bits.
                let offered = min(input.count - start, Int(Int32.max))
                stream.next_in = input.baseAddress.map { $0 + start }
                stream.avail_in = UInt32(offered)
                stream.next_out = chunk.baseAddress
                stream.avail_out = UInt32(chunk.count)
                let status = CZlib.inflate(&stream, Z_NO_FLUSH)
                return (
                    status, offered - Int(stream.avail_in), chunk.count - Int(stream.avail_out)
                )
            }
        }
    }

    /// One member without a time stamp: the same bytes give the same file.
    public static func compress(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        let status = deflateInit2_(
            &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY,
            ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib cannot start to compress: \(status)")
        defer { deflateEnd(&stream) }
        precondition(bytes.count <= UInt32.max, "\(bytes.count) bytes are more than zlib counts")
        var input = bytes
        let bound = Int(deflateBound(&stream, UInt(bytes.count)))
        return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            input.withUnsafeMutableBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(bound)
                // The bound holds for one call that finishes.
                let status = deflate(&stream, Z_FINISH)
                precondition(status == Z_STREAM_END, "zlib answers \(status)")
            }
            count = bound - Int(stream.avail_out)
        }
    }
}
