import Tuner

/// A file for other programs, which read it plain or gzip-compressed.
enum RecordingFile {
    /// Compresses where the name ends in `.gz`. Throws `.storage`.
    static func write(_ text: String, to path: String) throws {
        let bytes = Array(text.utf8)
        try NewFile.write(path.hasSuffix(".gz") ? Gzip.compress(bytes) : bytes, to: path)
    }
}
