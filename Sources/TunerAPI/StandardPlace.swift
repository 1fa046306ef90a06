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
