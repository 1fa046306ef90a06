import ArgumentParser
import Tuner
import TunerAPI

/// Writes a session for other programs.
struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a session's trials or search space for other programs.",
        discussion: """
            t4 is the trials in the exchange format of tuning results, with every run time; \
            `tunectl replay` reads it. t1 is the search space in the format of tuning problems.

            Examples:
              tunectl export SESSION -o dot.t4.json
              tunectl export SESSION --entry 1 --format t1
            """)

    @Argument(help: "The session's id, as `tunectl sessions` lists it.")
    var session: String

    @Option(help: "Which of the session's problems, from 0; needed where there are several.")
    var entry: Int?

    @Option(help: "What to write.")
    var format = ExportFormat.t4

    @Option(
        name: .shortAndLong,
        help: "Where to write it; standard output if left out; compressed if it ends in .gz.",
        completion: .file())
    var output: String?

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let text = try await connection.client.export(
            session: session, entry: entry, format: format)
        guard let output else { return Output.raw(text) }
        try RecordingFile.write(text, to: output)
        Output.complain("tunectl: wrote session \(session) as \(format.rawValue) to \(output)")
    }
}

extension ExportFormat: ExpressibleByArgument {}
