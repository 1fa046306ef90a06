import ArgumentParser
import Tuner
import TunerAPI

/// Ends a session.
struct Cancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "End a session that is queued or running.",
        discussion: """
            What it measured stays and is used by later sessions; records change only with --keep, \
            here or when the session was started.

            Examples:
              tunectl cancel SESSION
              tunectl cancel SESSION --keep
            """)

    @Argument(help: "The session's id, as `tunectl sessions` lists it.")
    var session: String

    @Flag(help: "Keep what was found: compare the best so far and record the winner.")
    var keep = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try await connection.client.cancel(session: session, keep: keep)
        if output.json { return try Output.json(session) }
        Output.line(
            session.state.isOver
                ? "session \(session.id): \(session.state.name)"
                : "session \(session.id) ends after the sample that is being taken")
    }
}
