import ArgumentParser
import TunerAPI

/// Lists targets.
struct Targets: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the targets, and what this device lacks for them.",
        discussion: """
            `cpu-native` stands for the best that the device runs, marked here.

            Example:
              tunectl targets
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let list = try await connection.client.targets()
        if output.json { return try Output.json(list) }
        Output.lines(Listings.targets(list.targets).lines(width: Terminal.window?.width))
    }
}
