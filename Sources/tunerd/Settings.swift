import Logging
import Tuner
import TunerAPI
import TunerService

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

/// What the daemon was told, from the command line, the configuration file and the environment, in that order.
struct Settings {
    let socket: String
    let stateDirectory: String
    let kernels: [String]
    let swiftc: String?
    let logLevel: Logger.Level
    /// Whether unfinished sessions go on.
    let resumes: Bool

    /// Throws `.badRequest` for what cannot be understood.
    init(_ command: Tunerd, environment: [String: String]) throws {
        let file = try command.config.map(Self.read) ?? SettingsFile()
        let user = geteuid()
        socket =
            command.socket.map(Self.absolute) ?? file.socket
            ?? StandardPlace.socket(environment: environment, user: user)
        guard
            let state = command.stateDir.map(Self.absolute) ?? file.stateDirectory
                ?? StandardPlace.state(environment: environment, user: user)
        else {
            throw TunerError(
                .badRequest, "cannot tell where to keep the state: HOME is not set",
                hint: "name a folder with --state-dir")
        }
        stateDirectory = state
        kernels = command.kernels.map(Self.absolute) + file.kernels
        swiftc = command.swiftc.map(Self.absolute) ?? file.swiftc
        resumes = !command.standalone
        let level = command.logLevel ?? file.logLevel ?? "info"
        guard let logLevel = Logger.Level(rawValue: level) else {
            let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw TunerError(
                .badRequest, "there is no log level \"\(level)\"; there are \(known)")
        }
        self.logLevel = logLevel
    }

    private static func read(_ path: String) throws -> SettingsFile {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TunerError(
                .notFound,
                "cannot read the configuration \(path): \(String(cString: strerror(errno)))")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw TunerError(.badRequest, "\(path): the file is not UTF-8 text")
        }
        return try SettingsFile(yaml: text, file: path)
    }

    private static func absolute(_ path: String) -> String {
        URL(filePath: path).standardizedFileURL.path
    }
}
