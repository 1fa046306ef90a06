/// What is wrong with a manifest, an expression, a problem or a configuration that someone wrote.
public struct KernelSpaceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of text is wrong.
    public enum Code: String, Codable, Sendable {
        case manifest, expression, problem, configuration, target
    }
    /// The kind of text that is wrong.
    public var code: Code
    /// What is wrong and what is allowed.
    public var message: String
    /// As the caller named it; nil when the text is no file.
    public var file: String?
    /// 1-based; nil when the text has no lines.
    public var line: Int?
    /// 1-based, in Unicode scalars.
    public var column: Int?

    /// Takes a message and its place, as far as known.
    public init(
        _ code: Code, _ message: String, file: String? = nil, line: Int? = nil, column: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.file = file
        self.line = line
        self.column = column
    }

    /// `file:line:column: message`, as far as known.
    public var description: String {
        let place = [file, line.map(String.init), column.map(String.init)].compactMap { $0 }
        return place.isEmpty ? message : place.joined(separator: ":") + ": " + message
    }
}
