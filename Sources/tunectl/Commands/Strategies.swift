import ArgumentParser
import TunerAPI

/// Lists strategies.
struct Strategies: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the strategies that choose what to try.",
        discussion: """
            Example:
              tunectl strategies
            """)

    @OptionGroup var output: OutputOptions

    func run() throws {
        let list = StrategyList.all
        if output.json { return try Output.json(list) }
        Output.lines(Listings.strategies(list.strategies).lines(width: Terminal.window?.width))
    }
}
