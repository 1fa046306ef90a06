import ArgumentParser
import TunerAPI

/// The daemon that a command's session belongs to: one that runs already, or a private one.
struct SessionHost: ParsableArguments {
    @Flag(help: "Run a private tunerd for this session.")
    var standalone = false

    @Option(
        help: "With --standalone: where records are kept, instead of where tunerd keeps them.",
        completion: .directory)
    var stateDir: String?

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if standalone, connection.socket != nil {
            throw ValidationError("--standalone has a socket of its own; leave --socket out")
        }
        if stateDir != nil, !standalone {
            throw ValidationError("--state-dir goes with --standalone; else tunerd has its own")
        }
    }

    /// Runs `body` with the daemon's client and how long to wait when it is gone.
    func run(_ body: (TunerClient, TunerClient.Patience) async throws -> Void) async throws {
        guard standalone else { return try await body(connection.client, .standard) }
        try await StandaloneDaemon(stateDirectory: stateDir).run { client in
            try await body(client, .none)
        }
    }
}
