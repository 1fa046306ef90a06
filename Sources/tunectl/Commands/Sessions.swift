import ArgumentParser
import Tuner
import TunerAPI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Lists sessions.
struct Sessions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List sessions, oldest first.",
        discussion: """
            Examples:
              tunectl sessions
              tunectl sessions --json | jq -r '.sessions[].id'
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let list = try await connection.client.sessions()
        if output.json { return try Output.json(list) }
        guard !list.sessions.isEmpty else {
            return Output.complain("tunectl: there are no sessions yet; `tunectl tune` starts one")
        }
        let now = Date().timeIntervalSince1970
        Output.lines(
            Listings.sessions(list.sessions, now: now).lines(width: Terminal.window?.width))
    }
}
