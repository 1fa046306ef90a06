import Foundation
import Testing
import Tuner
import TunerAPI

/// A real tunerd of this build with a state directory and a socket of its own.
final class Daemon: @unchecked Sendable {
    let folder: URL
    private(set) var process: Process?
    private let log: URL

    var socket: String { folder.appending(path: "s").path }
    var state: String { folder.appending(path: "state").path }
    var client: TunerClient { TunerClient(socket: socket) }

    /// Short, since a socket's path is bounded.
    init() throws {
        folder = URL(filePath: "/tmp/tunerd-e2e-\(UUID().uuidString.prefix(8))")
        log = folder.appending(path: "log")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)  // Best effort: /tmp is emptied anyway.
    }

    /// Where SwiftPM puts this build's executables: the folder of the test bundle.
    static func executable(_ name: String) -> URL {
        var folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        while folder.path.count > 1 {
            let candidate = folder.appending(path: name)
            if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
            folder.deleteLastPathComponent()
        }
        return URL(filePath: name)
    }

    static var kernels: URL {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Kernels")
    }

    func launch() throws -> Process {
        let process = Process()
        process.executableURL = Self.executable("tunerd")
        process.arguments = [
            "--socket", socket, "--state-dir", state, "--kernels", Self.kernels.path,
        ]
        let handle = try FileHandle(forWritingTo: log)
        try handle.seekToEnd()
        process.standardError = handle
        process.standardOutput = handle
        try process.run()
        return process
    }

    /// Starts it and returns once it answers.
    func start() async throws {
        process = try launch()
        for _ in 0..<600 {
            if (try? await client.health()) != nil { return }
            guard process?.isRunning == true else { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw TunerError(.connection, "tunerd does not answer; its log:\n\(logText)")
    }

    var logText: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    /// As a power failure would: SIGKILL, and nothing more is asked of it.
    func kill() {
        guard let process, process.isRunning else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// SIGTERM; returns the exit status.
    func terminate() -> Int32 {
        guard let process else { return -1 }
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    func wait(for session: String) async throws -> Session {
        while true {
            let current = try await client.session(session)
            if current.state.isOver { return current }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}

/// What a finished program said.
struct Output {
    var status: Int32
    var standardOutput: String
    var standardError: String
}

/// Runs a program to its end.
func run(_ executable: URL, _ arguments: [String], environment: [String: String] = [:]) throws
    -> Output
{
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let out = Pipe(), error = Pipe()
    process.standardOutput = out
    process.standardError = error
    try process.run()
    let outData = out.fileHandleForReading.readDataToEndOfFile()
    let errorData = error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Output(
        status: process.terminationStatus, standardOutput: String(decoding: outData, as: UTF8.self),
        standardError: String(decoding: errorData, as: UTF8.self))
}
