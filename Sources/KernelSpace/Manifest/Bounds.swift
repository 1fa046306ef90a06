/// What a manifest may hold. None is near what a real kernel needs; they keep a hostile or broken file cheap.
enum Bounds {
    static let manifestBytes = 256 << 10
    static let sourceBytes = 4 << 20
    static let sourceFiles = 256
    /// Keys of one mapping that is not counted otherwise.
    static let entries = 256
    static let dimensions = 32
    static let buffers = 32
    static let axes = 8
    static let parameters = 64
    static let valuesOfParameter = 4096
    static let constraints = 256
    static let problems = 256
    static let usedFolders = 16
    /// One buffer, in bytes: no machine we know tunes on more.
    static let bufferBytes = 1 << 36
}
