/// What is wrong with a manifest, an expression, a problem or a configuration that someone wrote.
public struct KernelSpaceError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Codable, Sendable {
        case manifest, expression, problem, configuration, target
    }
    public var code: Code
    /// What is wrong and what is allowed.
    public var message: String
    /// 1-based; nil when the text has no lines.
    public var file: String?
    public var line: Int?
    public var column: Int?

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
