import Logging
import ServiceLifecycle
import Tuner
import TunerAPI
import TunerService
import TunerStore

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

/// The parts of a daemon on this host, put together.
struct Daemon {
    /// A sample takes seconds at most, a compiler is killed: what takes longer hangs.
    private static let shutdownLimit = Duration.seconds(30)

    private let parts: ServiceParts
    private let notifier: ServiceNotifier
    private let log: Logger

    /// Opens the state, finds the compiler. Throws TunerError for everything that keeps a daemon from running.
    init(_ settings: Settings, environment: [String: String]) async throws {
        let toJournal = environment["JOURNAL_STREAM"] != nil
        LoggingSystem.bootstrap { _ in
            LineLog(level: settings.logLevel, toJournal: toJournal)
        }
        let log = Logger(label: "tunerd")
        let notifier = ServiceNotifier(environment: environment)
        let executable = try Self.executable()
        let installed = try InstalledFiles(executable: executable)
        // The store's lock comes first: it tells a second daemon before anything is touched.
        let store = try LMDBRecordStore(stateDirectory: settings.stateDirectory)
        try SocketFile.prepare(settings.socket, user: geteuid())
        let probe = try DeviceProbe()
        let lock = MeasuringLock.forHost()
        let library = await Self.library(
            settings, environment: environment, headers: installed.headers, lock: lock,
            processors: probe.processors)
        let kernels = KernelPath(
            builtIn: installed.kernels, given: settings.kernels,
            stateDirectory: settings.stateDirectory)
        let provider = HardwareEvaluatorProvider(
            catalogue: { kernels.catalogue }, probe: probe, library: library, lock: lock,
            measuring: HardwareEvaluatorProvider.Measuring(
                worker: try Self.worker(beside: executable),
                referenceCache: try Self.folder(settings.stateDirectory + "/references"),
                workerFolders: try Self.emptyFolder(settings.stateDirectory + "/workers")))
        let compiler = Status.Compiler(library)
        parts = try ServiceParts(
            identity: ServiceParts.Identity(
                version: Release.version, process: Int(getpid()),
                started: Date().timeIntervalSince1970, socket: settings.socket,
                stateDirectory: settings.stateDirectory, device: probe.device, compiler: compiler),
            store: store, provider: provider, kernels: kernels, measuringLock: lock, log: log,
            clock: Self.clock(), resumes: settings.resumes, statusChanged: { notifier.status($0) })
        self.notifier = notifier
        self.log = log
        if let problem = compiler.problem { log.warning("\(problem)") }
        for rejected in kernels.catalogue.rejected { log.warning("\(rejected.message)") }
    }

    /// Serves and tunes until SIGTERM or SIGINT.
    func run() async throws {
        let http = HTTPService(parts: parts) { [parts, notifier, log] in
            notifier.ready()
            log.notice(
                "tunerd \(parts.identity.version) listens at \(parts.identity.socket)",
                metadata: ["state": "\(parts.identity.stateDirectory)"])
        }
        var quiet = log
        quiet.logLevel = max(log.logLevel, .warning)
        // Ended from the last to the first: watchers still see how the running session stops.
        var configuration = ServiceGroupConfiguration(
            services: [http, SchedulerService(scheduler: parts.scheduler, notifier: notifier)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
        configuration.maximumGracefulShutdownDuration = Self.shutdownLimit
        try await ServiceGroup(configuration: configuration).run()
        log.notice("tunerd has ended")
    }

    // MARK: - Parts

    private static func library(
        _ settings: Settings, environment: [String: String], headers: String,
        lock: MeasuringLock, processors: Int
    ) async -> Result<VariantLibrary, TunerError> {
        do {
            let places = Toolchain.Places(named: settings.swiftc, environment: environment)
            let toolchain = try await Toolchain.find(places)
            let cache = try ObjectCache(folder: settings.stateDirectory + "/objects")
            return .success(
                try VariantLibrary(
                    toolchain: toolchain, headers: headers, cache: cache, lock: lock,
                    limits: CompileLimits(parallelCalls: processors)))
        } catch let error as TunerError {
            return .failure(error)
        } catch {
            return .failure(TunerError(.internal, "cannot prepare the compiler: \(error)"))
        }
    }

    private static func executable() throws -> String {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else {
            throw TunerError(
                .internal, "cannot tell where tunerd itself is: /proc/self/exe cannot be read",
                hint: "mount /proc")
        }
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    private static func worker(beside executable: String) throws -> String {
        let folder = URL(filePath: executable).deletingLastPathComponent()
        let worker = folder.path + "/tune-worker"
        guard access(worker, X_OK) == 0 else {
            throw TunerError(
                .notFound, "cannot find tune-worker: it is not in \(folder.path)",
                hint: "run make install again")
        }
        return worker
    }

    /// Makes a folder for this user alone.
    private static func folder(_ path: String) throws -> String {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw TunerError(
                .storage, "cannot make the folder \(path): \(String(cString: strerror(errno)))")
        }
        return path
    }

    /// What workers of a daemon that was killed left is removed; nobody else uses this state.
    private static func emptyFolder(_ path: String) throws -> String {
        // If it cannot be removed, making it tells why.
        try? FileManager.default.removeItem(atPath: path)
        return try folder(path)
    }

    private static func clock() -> SessionRunner.Clock {
        let start = ContinuousClock.now
        return SessionRunner.Clock(
            elapsed: { (ContinuousClock.now - start) / .seconds(1) },
            now: { Date().timeIntervalSince1970 })
    }
}

extension Status.Compiler {
    fileprivate init(_ library: Result<VariantLibrary, TunerError>) {
        switch library {
        case .success(let library):
            self.init(path: library.toolchain.swiftc, build: library.toolchain.build)
        case .failure(let error): self.init(problem: error.description)
        }
    }
}

/// Runs the queue for as long as the daemon runs.
private struct SchedulerService: Service {
    let scheduler: Scheduler
    let notifier: ServiceNotifier

    func run() async throws {
        await withGracefulShutdownHandler {
            await scheduler.run()
        } onGracefulShutdown: {
            notifier.stopping()
            Task { await scheduler.shutDown() }
        }
    }
}
