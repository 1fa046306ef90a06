import ArgumentParser
import Tuner
import TunerAPI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The kernels that the daemon knows.
struct Kernels: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, show or add kernels.",
        discussion: """
            Examples:
              tunectl kernels
              tunectl kernels show sgemm
              tunectl kernels add ~/my-kernels
            """,
        subcommands: [List.self, ShowOne.self, Add.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the kernels on the daemon's kernel path.")

        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let list = try await connection.client.kernels()
            if output.json { return try Output.json(list) }
            Output.lines(Listings.kernels(list, width: Terminal.window?.width))
        }
    }

    struct ShowOne: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Show a kernel: dimensions, parameters, constraints, defaults.")

        @Argument(help: "The kernel.")
        var kernel: String

        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let detail = try await connection.client.kernel(kernel)
            if output.json { return try Output.json(detail) }
            Output.lines(Listings.kernel(detail, width: Terminal.window?.width))
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a folder of kernels to the daemon's kernel path.",
            discussion: """
                The folder, or folders in it, hold a kernel.yaml and Swift sources. The daemon \
                remembers it and must be able to read it.

                Example:
                  tunectl kernels add ~/my-kernels
                """)

        @Argument(help: "The folder.", completion: .directory)
        var folder: String

        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let path = URL(filePath: folder).standardizedFileURL.path
            let list = try await connection.client.addKernels(folder: path)
            if output.json { return try Output.json(list) }
            Output.lines(Listings.kernels(list, width: Terminal.window?.width))
        }
    }
}
