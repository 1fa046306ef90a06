#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Messages as frames on a stream: "TNR4", the length of the rest as four bytes, most significant first, then JSON.
///
/// The four letters are there because a kernel may write to the stream: without them, stray bytes would be taken for a length and
/// waited for.
public enum FrameCodec {
    /// Protocol and version; part of an evaluation's identity.
    public static let magic: [UInt8] = Array("TNR4".utf8)
    public static let headerBytes = 8
    /// Bound of one message. A comparison of 64 candidates over 1000 rounds takes 1.3 MB.
    public static let maximumBytes = 16 << 20

    /// The frame of a message. Throws FrameError if it exceeds the bound, or EncodingError.
    public static func encode(_ message: some Encodable) throws -> [UInt8] {
        let body = try JSONEncoder().encode(message)
        guard body.count <= maximumBytes else { throw FrameError.tooLong(body.count) }
        var frame = magic
        frame.reserveCapacity(headerBytes + body.count)
        for shift in stride(from: 24, through: 0, by: -8) {
            frame.append(UInt8(truncatingIfNeeded: body.count >> shift))
        }
        frame.append(contentsOf: body)
        return frame
    }
}

/// Bytes that are no frame.
public enum FrameError: Error, Hashable, Sendable, CustomStringConvertible {
    case badMagic([UInt8])
    case tooLong(Int)
    case badMessage(String)

    public var description: String {
        switch self {
        case .badMagic(let bytes): "\(bytes) where a frame should begin"
        case .tooLong(let count):
            "a message of \(count) bytes, more than \(FrameCodec.maximumBytes)"
        case .badMessage(let text): "a frame that is no message: \(text)"
        }
    }
}

/// Finds messages in the bytes of a stream, which may arrive in any pieces.
public struct FrameReader: Sendable {
    private var bytes: [UInt8] = []

    public init() {}

    /// Bytes that belong to no message yet.
    public var pendingCount: Int { bytes.count }

    public mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    /// The next message, or nil until more bytes arrive. After an error the stream has lost its place and is of no more use.
    public mutating func next<Message: Decodable>(_: Message.Type) throws(FrameError) -> Message? {
        guard zip(bytes, FrameCodec.magic).allSatisfy(==) else {
            throw .badMagic(Array(bytes.prefix(FrameCodec.magic.count)))
        }
        guard bytes.count >= FrameCodec.headerBytes else { return nil }
        let length = bytes[FrameCodec.magic.count..<FrameCodec.headerBytes]
            .reduce(0) { $0 << 8 | Int($1) }
        guard length <= FrameCodec.maximumBytes else { throw .tooLong(length) }
        let end = FrameCodec.headerBytes + length
        guard bytes.count >= end else { return nil }
        let body = Data(bytes[FrameCodec.headerBytes..<end])
        bytes.removeFirst(end)
        do {
            return try JSONDecoder().decode(Message.self, from: body)
        } catch {
            throw .badMessage("\(error)")
        }
    }
}
