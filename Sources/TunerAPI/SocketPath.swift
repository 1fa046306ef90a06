/// Where daemon and clients meet.
public enum SocketPath {
    /// Environment variable that overrides the rule.
    public static let variable = "TUNERD_SOCKET"
    /// Longest path in bytes that a Unix socket's address holds (sun_path, without its end).
    public static let lengthLimit = 107

    /// The socket used when none is named: `$TUNERD_SOCKET`; for root `/run/tunerd/tunerd.sock`; for a user
    /// `$XDG_RUNTIME_DIR/tunerd.sock`, or `/tmp/tunerd-<uid>/tunerd.sock` without that variable.
    public static func standard(environment: [String: String], user: UInt32) -> String {
        if let path = environment[variable], !path.isEmpty { return path }
        if user == 0 { return "/run/tunerd/tunerd.sock" }
        if let folder = environment["XDG_RUNTIME_DIR"], !folder.isEmpty {
            return folder + "/tunerd.sock"
        }
        return "/tmp/tunerd-\(user)/tunerd.sock"
    }
}
