import ArgumentParser
import Tuner
import TunerAPI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Lists tuning records.
struct Results: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the best configurations known.",
        discussion: """
            A stale record was measured with another compiler, kernel source or microcode: tune again.

            Examples:
              tunectl results
              tunectl results sgemm
            """)

    @Argument(help: "Only this kernel's.")
    var kernel: String?

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let list = try await connection.client.records(kernel: kernel)
        if output.json { return try Output.json(list) }
        guard !list.records.isEmpty else {
            Output.complain(
                "tunectl: nothing is tuned yet\(kernel.map { " for \($0)" } ?? ""); "
                    + "`tunectl tune` does it")
            return
        }
        let now = Date().timeIntervalSince1970
        Output.lines(Listings.records(list.records, now: now).lines(width: Terminal.window?.width))
        Output.lines(Listings.concerns(list.records))
    }
}
