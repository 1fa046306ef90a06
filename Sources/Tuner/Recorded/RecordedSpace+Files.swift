#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension RecordedSpace {
    /// Reads a recording, plain or gzip-compressed; its content tells the format.
    ///
    /// Throws `.badRequest` with the file, the place in it and what is wrong there.
    public init(file: String) throws {
        do {
            let content = try JSONParser.parse(try Self.bytes(of: file))
            try self.init(content)
        } catch let error as Malformed {
            let place = error.place.isEmpty ? "" : "\(error.place): "
            throw TunerError(
                .badRequest, "cannot read \(file) as a recorded space: \(place)\(error.what)")
        }
    }

    private init(_ content: JSONValue) throws {
        guard content["format"] == .text("recorded-space/1") else {
            throw Malformed("it is no recording: \"format\" must be \"recorded-space/1\"")
        }
        try self.init(recordedSpace1: content)
    }

    private static func bytes(of file: String) throws -> [UInt8] {
        let bytes: [UInt8]
        do {
            bytes = Array(try Data(contentsOf: URL(filePath: file)))
        } catch {
            throw Malformed("the file cannot be opened (\(error.localizedDescription))")
        }
        guard Gzip.isCompressed(bytes) else { return bytes }
        do {
            return try Gzip.expand(bytes)
        } catch Gzip.Damage.truncated {
            throw Malformed("the compressed file is cut off after \(bytes.count) bytes")
        } catch Gzip.Damage.tooLarge {
            throw Malformed("it expands to more than \(Gzip.expandedLimit >> 20) MiB")
        } catch Gzip.Damage.corrupt(let what) {
            throw Malformed("the compressed file is damaged: \(what)")
        }
    }
}
