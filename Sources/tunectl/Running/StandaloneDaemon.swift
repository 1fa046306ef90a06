import Synchronization
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
#else
    import Darwin
#endif

/// A tunerd that serves one command: on a socket nobody else knows, and gone with tunectl, however that ends.
///
/// The kernel kills it when the thread that started it ends (PR_SET_PDEATHSIG), and that thread only waits for it.
struct StandaloneDaemon {
    /// Opening a large database on a slow disk takes a while.
    private static let startPatience = Duration.seconds(20)
    /// The daemon ends at a sample's boundary; what it would lose by being killed is that sample.
    private static let endPatience = Duration.seconds(20)
    private static let pollInterval = Duration.milliseconds(5)
    private static let outputLimit = 64 << 10

    /// Nil: the daemon's own choice, so that records are found again.
    let stateDirectory: String?

    /// How the daemon ended, once it has.
    private final class Ending: Sendable {
        let completion = Mutex<Result<ChildProcess.Completion, any Error>?>(nil)

        var value: Result<ChildProcess.Completion, any Error>? { completion.withLock { $0 } }
    }

    /// Starts the daemon, runs `body`, and ends the daemon.
    func run(_ body: (TunerClient) async throws -> Void) async throws {
        let folder = try Self.makeFolder()
        // Left over files in /tmp hurt nobody.
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let client = TunerClient(socket: folder + "/tunerd.sock")
        let command = try command(socket: client.socket)
        let ending = Ending()
        let daemon = Task {
            let result: Result<ChildProcess.Completion, any Error>
            do {
                let limit = Self.outputLimit
                result = .success(
                    try await command.run(timeout: .infinity, outputLimit: limit))
            } catch {
                result = .failure(error)
            }
            ending.completion.withLock { $0 = result }
        }
        defer { daemon.cancel() }
        let process = try await waitUntilReady(client, ending)
        do {
            try await body(client)
        } catch {
            await end(process, ending)
            if case .success(let completion)? = ending.value, let error = error as? TunerError,
                error.code == .connection
            {
                throw Self.failure("the private tunerd ended", completion)
            }
            throw error
        }
        await end(process, ending)
    }

    // MARK: - Steps

    /// Makes a folder for this user alone; whoever asks removes it.
    static func makeFolder() throws -> String {
        var template = Array("/tmp/tunectl-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw TunerError(
                .internal,
                "cannot make a folder in /tmp: "
                    + String(cString: strerror(errno)))
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func command(socket: String) throws -> ChildProcess {
        let executable = try Self.daemonBesideThisProgram()
        let state = stateDirectory.map { ["--state-dir", $0] } ?? []
        return ChildProcess(
            executable: executable, arguments: ["--standalone", "--socket", socket] + state,
            environment: ProcessInfo.processInfo.environment,
            limits: ProcessLimits(niceness: Int(getpriority(PRIO_PROCESS_SELF, 0))))
    }

    private static func daemonBesideThisProgram() throws -> String {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folder = program.split(separator: "/").dropLast().map { "/" + $0 }.joined()
        let path = folder + "/tunerd"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw TunerError(
                .notFound, "cannot run a private tunerd: there is no \(path)",
                hint: "install tunerd beside tunectl, or start a daemon and leave --standalone out")
        }
        return path
    }

    /// Returns the daemon's process id.
    private func waitUntilReady(_ client: TunerClient, _ ending: Ending) async throws -> pid_t {
        let clock = ContinuousClock()
        let deadline = clock.now + Self.startPatience
        while true {
            switch ending.value {
            case .success(let completion)?:
                throw Self.failure("cannot start a private tunerd", completion)
            case .failure(let error)?: throw error
            case nil: break
            }
            do {
                return pid_t(try await client.status().process)
            } catch let error as TunerError where error.code == .connection {
                guard clock.now < deadline else { throw error }
            }
            try await Task.sleep(for: Self.pollInterval)
        }
    }

    private func end(_ process: pid_t, _ ending: Ending) async {
        guard ending.value == nil else { return }
        kill(process, SIGTERM)
        let clock = ContinuousClock()
        let deadline = clock.now + Self.endPatience
        while ending.value == nil, clock.now < deadline {
            // Cancelled or not, the daemon gets its time.
            try? await Task.sleep(for: Self.pollInterval)
        }
    }

    private static func failure(_ what: String, _ completion: ChildProcess.Completion) -> TunerError
    {
        let how =
            switch completion.exit {
            case .status(let status): "it ended with status \(status)"
            case .signal(let signal): "it was ended by signal \(signal)"
            }
        let said = String(decoding: completion.errors, as: UTF8.self)
            .split(whereSeparator: \.isNewline).suffix(3).joined(separator: "\n  ")
        return TunerError(.internal, "\(what): \(how)", hint: said.isEmpty ? nil : said)
    }
}

/// glibc declares `which` as an enumeration of its own.
private let PRIO_PROCESS_SELF = __priority_which_t(0)
