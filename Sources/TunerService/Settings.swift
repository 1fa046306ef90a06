import Tuner
import TunerAPI
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

/// Where the daemon keeps and offers things, from its environment.
package enum StandardPlace {
    /// The socket when none is named: systemd's RUNTIME_DIRECTORY, else what clients expect.
    package static func socket(environment: [String: String], user: UInt32) -> String {
        // Clients look in /run/tunerd, which is what the unit's RuntimeDirectory=tunerd makes.
        if let folder = first(environment["RUNTIME_DIRECTORY"]) { return folder + "/tunerd.sock" }
        return SocketPath.standard(environment: environment, user: user)
    }

    /// The state directory when none is named: systemd's STATE_DIRECTORY, for root `/var/lib/tunerd`, for a user
    /// `$XDG_STATE_HOME/tunerd` or `~/.local/state/tunerd`; nil for a user without HOME.
    package static func state(environment: [String: String], user: UInt32) -> String? {
        if let folder = first(environment["STATE_DIRECTORY"]) { return folder }
        if user == 0 { return "/var/lib/tunerd" }
        if let folder = environment["XDG_STATE_HOME"], folder.hasPrefix("/") {
            return folder + "/tunerd"
        }
        return environment["HOME"].flatMap { $0.isEmpty ? nil : $0 + "/.local/state/tunerd" }
    }

    /// systemd separates several directories by colons.
    private static func first(_ folders: String?) -> String? {
        folders?.split(separator: ":").first.map(String.init)
    }
}
