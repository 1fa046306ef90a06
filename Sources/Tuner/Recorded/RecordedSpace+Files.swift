#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension RecordedSpace {
    /// Reads a recording, plain or gzip-compressed; its content tells the format: recorded-space/1, Kernel Tuner's cache or T4.
    ///
    /// `space` is a T1 file, which a T4 file may need for its parameters and constraints.
    /// Throws `.badRequest` with the file, the place in it and what is wrong there.
    public init(file: String, space: String? = nil) throws {
        let t1 = try space.map { file in
            try Self.reading(file) { content in
                try content.member("ConfigurationSpace") { try T1Space($0) }
            }
        }
        self = try Self.reading(file) { try RecordedSpace($0, space: t1) }
    }

    private init(_ content: JSONValue, space: T1Space?) throws {
        if content["results"] != nil {
            try self.init(t4: content, space: space)
            return
        }
        guard space == nil else {
            throw Malformed("only T4 results take their space from a T1 file, and this is no T4")
        }
        if content["format"] == .text("recorded-space/1") {
            try self.init(recordedSpace1: content)
        } else if content["cache"] != nil {
            try self.init(kernelTunerCache: content)
        } else {
            throw Malformed(
                "it is no recording: T4 has \"results\", a cache of Kernel Tuner \"cache\", "
                    + "and recorded-space/1 names itself in \"format\"")
        }
    }

    private static func reading<Result>(_ file: String, _ body: (JSONValue) throws -> Result) throws
        -> Result
    {
        do {
            return try body(try content(of: try bytes(of: file)))
        } catch let error as Malformed {
            let place = error.place.isEmpty ? "" : "\(error.place): "
            throw TunerError(.badRequest, "cannot read \(file): \(place)\(error.what)")
        }
    }

    private static func content(of bytes: [UInt8]) throws -> JSONValue {
        do {
            return try JSONParser.parse(bytes)
        } catch {
            guard let cache = JSONValue.unclosedCache(bytes) else { throw error }
            return cache
        }
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
