import ArgumentParser
import Tuner
import TunerAPI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The command line of the daemon: the only place that reads the environment.
@main
struct Tunerd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tunerd", abstract: "Tunes kernels for the hardware it runs on.",
        discussion: """
            Clients reach it over a Unix socket: see tunectl. It ends orderly at SIGTERM or SIGINT; a \
            session that runs then goes on at the next start.
            """, version: Release.version)

    @Option(help: "The Unix socket to listen at.")
    var socket: String?

    @Option(help: "The folder of the database and the cache of compiled objects.")
    var stateDir: String?

    @Option(help: "A folder with kernels; may be given several times.")
    var kernels: [String] = []

    @Option(help: "A YAML file with socket, state-dir, kernels, swiftc, log-level.")
    var config: String?

    @Option(help: "The Swift compiler; otherwise PATH and the usual places are searched.")
    var swiftc: String?

    @Flag(help: "Serve one command: sessions left unfinished are not taken up.")
    var standalone = false

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: String?

    func run() async throws {
        // What clients are told must not end the daemon when they are gone; nor must a closed log.
        signal(SIGPIPE, SIG_IGN)
        // The socket is opened for its group on purpose; nothing else is for others.
        umask(0o027)
        let environment = ProcessInfo.processInfo.environment
        do {
            let settings = try Settings(self, environment: environment)
            let daemon = try await Daemon(settings, environment: environment)
            try await daemon.run()
        } catch let error as TunerError {
            var line = "tunerd: \(error)\n"
            _ = line.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            throw ExitCode.failure
        }
    }
}
