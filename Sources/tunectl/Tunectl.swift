import ArgumentParser
import Tuner
import TunerAPI

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The command line: starts sessions on tunerd and reads what it found.
@main
struct Tunectl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tunectl",
        abstract: "Tune SIMD kernels with tunerd, and read what it found.",
        discussion: """
            Examples:
              tunectl doctor                                 is this machine quiet enough?
              tunectl tune --target cpu-avx2                 every built-in kernel
              tunectl tune sgemm --problem m=512,n=512,k=512 --time 60s
              tunectl results
              tunectl fetch --target cpu-avx2 --format header -o tuned.h

            Completions for bash, zsh or fish:
              tunectl --generate-completion-script bash > /etc/bash_completion.d/tunectl

            tunectl meets tunerd at $TUNERD_SOCKET; else for root at /run/tunerd/tunerd.sock, for \
            others at $XDG_RUNTIME_DIR/tunerd.sock or /tmp/tunerd-UID/tunerd.sock.
            """,
        version: Release.version,
        groupedSubcommands: [
            CommandGroup(
                name: "Sessions",
                subcommands: [
                    Tune.self, Watch.self, Sessions.self, Show.self, Cancel.self, Export.self,
                ]),
            CommandGroup(name: "Results", subcommands: [Results.self, LookUp.self, Fetch.self]),
            CommandGroup(
                name: "Recorded spaces",
                subcommands: [Record.self, ReplaySpace.self, BenchSearch.self]),
            CommandGroup(
                name: "The daemon",
                subcommands: [
                    Kernels.self, Targets.self, Strategies.self, ShowStatus.self, Doctor.self,
                ]),
        ])

    /// Exit status after Ctrl-C, as shells count it.
    static let interrupted = ExitCode(130)

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            end(reporting: error)
        }
    }

    /// Help goes to the output; a mistake to the errors as `tunectl: …`, with status 64 for wrong usage and 1 for the rest.
    private static func end(reporting error: any Error) -> Never {
        if let failure = error as? TunerError {
            Output.complain(Complaint.text(failure))
            leave(ExitCode.failure.rawValue)
        }
        let code = exitCode(for: error)
        let message = fullMessage(for: error)
        if code.isSuccess {
            if !message.isEmpty { Output.line(message) }
        } else if !message.isEmpty {
            Output.complain(Complaint.text(parserMessage: message))
        }
        leave(code.rawValue)
    }
}

/// `exit` of the C library: in the command's scope that name means the parser's.
private func leave(_ status: Int32) -> Never { exit(status) }

/// How tunectl words what went wrong.
enum Complaint {
    /// Two lines: what, and what to do.
    static func text(_ error: TunerError) -> String {
        "tunectl: \(error.message)" + (error.hint.map { "\n  \($0)" } ?? "")
    }

    /// The parser's words under tunectl's name.
    static func text(parserMessage message: String) -> String {
        let prefix = "Error: "
        return "tunectl: "
            + (message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message)
    }
}
