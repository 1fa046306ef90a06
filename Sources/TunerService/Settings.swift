import Tuner
import Yams

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a configuration file may say; the command line comes first.
package struct SettingsFile: Hashable, Sendable {
    /// Absolute path of the socket.
    package var socket: String?
    package var stateDirectory: String?
    /// Folders of kernels, besides those of the command line.
    package var kernels: [String] = []
    package var swiftc: String?
    package var logLevel: String?

    package init() {}

    /// Names that the file may have.
    private static let names = ["socket", "state-dir", "kernels", "swiftc", "log-level"]

    /// Reads YAML. `file` is for messages: throws `.badRequest` with `file:line:column: what is wrong, what is allowed`.
    package init(yaml text: String, file: String) throws {
        let root: Node?
        do {
            root = try compose(yaml: text)
        } catch let error as YamlError {
            let reason = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
            throw TunerError(.badRequest, "\(file): \(reason)")
        }
        guard let root, root.null == nil else { return }
        guard let mapping = root.mapping else {
            throw Self.error(root, file, "the file must be a list of names and values")
        }
        var seen: Set<String> = []
        for (key, value) in mapping {
            let name = key.string ?? ""
            guard seen.insert(name).inserted else {
                throw Self.error(key, file, "\"\(name)\" is there twice")
            }
            switch name {
            case "socket": socket = try Self.path(value, name, file)
            case "state-dir": stateDirectory = try Self.path(value, name, file)
            case "swiftc": swiftc = try Self.path(value, name, file)
            case "log-level": logLevel = try Self.text(value, name, file)
            case "kernels":
                guard let list = value.sequence else {
                    throw Self.error(value, file, "kernels must be a list of folders")
                }
                kernels = try list.map { try Self.path($0, name, file) }
            default:
                throw Self.error(
                    key, file,
                    "there is no setting \"\(name)\"; there are \(Self.names.joined(separator: ", "))"
                )
            }
        }
    }

    private static func text(_ node: Node, _ name: String, _ file: String) throws -> String {
        guard let text = node.scalar?.string, !text.isEmpty else {
            throw error(node, file, "\(name) must be text")
        }
        return text
    }

    private static func path(_ node: Node, _ name: String, _ file: String) throws -> String {
        let text = try text(node, name, file)
        // Relative to what? The daemon's folder is not the file's.
        guard text.hasPrefix("/") else {
            throw error(node, file, "\(name) is \"\(text)\"; it must be an absolute path")
        }
        return text
    }

    private static func error(_ node: Node, _ file: String, _ message: String) -> TunerError {
        let place = node.mark.map { "\(file):\($0.line):\($0.column)" } ?? file
        return TunerError(.badRequest, "\(place): \(message)")
    }
}
