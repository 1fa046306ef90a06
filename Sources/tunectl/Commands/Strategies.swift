import ArgumentParser
import TunerAPI

/// Lists strategies.
struct Strategies: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the strategies that choose what to try.",
        discussion: """
            Example:
              tunectl strategies
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let list = try await connection.client.strategies()
        if output.json { return try Output.json(list) }
        Output.lines(Listings.strategies(list.strategies).lines(width: Terminal.window?.width))
    }
}
