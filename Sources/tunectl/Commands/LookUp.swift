import ArgumentParser
import Tuner
import TunerAPI

/// Asks for the best configuration of one kernel at one problem.
struct LookUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lookup",
        abstract: "Look up the best configuration for a kernel at a problem.",
        discussion: """
            The answer says how far it can be trusted: exact, stale, nearest (another problem), \
            otherDevice, or none, which is an error.

            Example:
              tunectl lookup sgemm --problem m=512,n=512,k=512 --target cpu-avx2
            """)

    @Argument(help: "The kernel.")
    var kernel: String

    @Option(help: "Its size, as m=512,n=512,k=512.", transform: ProblemArgument.parse)
    var problem: ProblemArgument

    @Option(help: "Target; `tunectl targets` lists them.")
    var target = "cpu-native"

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let answer = try await connection.client.lookup(
            kernel: kernel, problem: problem.text, target: target)
        if output.json {
            try Output.json(answer)
        } else if answer.kind != .none {
            Output.lines(Listings.lookup(answer))
        } else {
            Output.complain("tunectl: \(answer.explanation)")
        }
        if answer.kind == .none { throw ExitCode.failure }
    }
}
