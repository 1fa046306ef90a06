import ArgumentParser
import TunerAPI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Shows what the daemon is and does.
struct ShowStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the daemon: device, compiler, kernels, sessions.",
        discussion: """
            Example:
              tunectl status
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let status = try await connection.client.status()
        if output.json { return try Output.json(status) }
        Output.lines(Listings.status(status, now: Date().timeIntervalSince1970))
    }
}
