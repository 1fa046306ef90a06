import ArgumentParser
import Tuner
import TunerAPI

/// Shows one session: its request, its results and, if asked, its trials.
struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a session: what was asked, what came out, where the time went.",
        discussion: """
            Examples:
              tunectl show SESSION
              tunectl show SESSION --trials
            """)

    @Argument(help: "The session's id, as `tunectl sessions` lists it.")
    var session: String

    @Flag(help: "List every trial with its time or its failure.")
    var trials = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let client = connection.client
        let session = try await client.session(session)
        let list = trials ? try await client.trials(session: session.id) : nil
        if output.json {
            if let list { return try Output.json(list) }
            return try Output.json(session)
        }
        let width = Terminal.window?.width
        Output.lines(Listings.session(session, width: width))
        if let list {
            Output.line("")
            Output.lines(Listings.trials(list.trials, of: session).lines(width: width))
        }
    }
}
