import Foundation
import Tuner

/// A file that is gone when `body` returns.
func withFile<Result>(_ bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
    let path = "/tmp/recorded-\(UUID().uuidString)"
    try Data(bytes).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}

/// A recording committed with the tests.
func fixture(_ name: String) throws -> RecordedSpace {
    let folder = Bundle.module.bundleURL.appending(path: "Fixtures")
    return try RecordedSpace(file: folder.appending(path: name).path)
}

extension RecordedSpace {
    /// Reads `text`, or the bytes of it compressed.
    static func reading(_ text: String, compressed: Bool = false, space: String? = nil) throws
        -> RecordedSpace
    {
        let bytes = Array(text.utf8)
        return try withFile(compressed ? Gzip.compress(bytes) : bytes) { file in
            guard let space else { return try RecordedSpace(file: file) }
            return try withFile(Array(space.utf8)) { try RecordedSpace(file: file, space: $0) }
        }
    }
}
