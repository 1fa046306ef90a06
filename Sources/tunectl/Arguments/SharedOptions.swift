import ArgumentParser
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
#else
    import Darwin
#endif

/// How to reach the daemon.
struct ConnectionOptions: ParsableArguments {
    @Option(help: "Path of tunerd's socket.", completion: .file())
    var socket: String?

    /// Reads the environment: commands are the program's root.
    var client: TunerClient {
        TunerClient(
            socket: socket
                ?? SocketPath.standard(
                    environment: ProcessInfo.processInfo.environment, user: getuid()))
    }
}

/// How to answer.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Answer in JSON, as tunerd sends it: one object a line.")
    var json = false
}

extension ProblemArgument {
    /// For `@Option(transform:)`.
    static func parse(_ text: String) throws -> ProblemArgument {
        do { return try ProblemArgument(text) } catch { throw ValidationError("\(error)") }
    }
}

extension DurationArgument {
    /// For `@Option(transform:)`.
    static func parse(_ text: String) throws -> DurationArgument {
        do { return try DurationArgument(text) } catch { throw ValidationError("\(error)") }
    }
}
