import ArgumentParser
import TunerAPI

/// Follows a session that runs, or replays one that is over.
struct Watch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Follow a session.",
        discussion: """
            Ctrl-C only stops watching; `tunectl cancel` ends a session. A session that is over is \
            told from its beginning.

            Examples:
              tunectl watch $(tunectl tune sgemm --detach)
              tunectl watch SESSION --json | jq .body
            """)

    @Argument(help: "The session's id, as `tunectl sessions` lists it.")
    var session: String

    @Option(help: "With --json: number of the first event.")
    var from: Int?

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if from != nil, !output.json {
            throw ValidationError("--from goes with --json: the rest needs every event")
        }
        if let from, from < 0 { throw ValidationError("--from must be at least 0") }
    }

    func run() async throws {
        let client = connection.client
        let session = try await client.session(session)
        let view = SessionView(session, style: .fitting(json: output.json))
        let outcome = try await SessionWatch(
            client: client, session: session, view: view, onInterrupt: .detach, first: from ?? 0
        ).run(interrupts: Interrupts())
        if outcome == .over {
            await view.summarize()
        } else {
            Output.complain("tunectl: session \(session.id) goes on; `tunectl watch \(session.id)`")
        }
        try await SessionWatch.finish(outcome, view)
    }
}
