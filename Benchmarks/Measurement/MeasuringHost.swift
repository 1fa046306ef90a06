import ArgumentParser
import Foundation
import KernelSpace
import Tuner
import WorkerProtocol

/// What the daemon measures with, put together in this process: the same provider, engine, worker and lock.
struct MeasuringHost {
    let probe: DeviceProbe
    let catalogue: KernelCatalogue
    let library: VariantLibrary
    /// Compiles everything once more, into other files.
    let copies: VariantLibrary
    private let folder: String
    private let lock: MeasuringLock

    init() async throws {
        let files = try InstalledFiles(executable: CommandLine.arguments[0])
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "tune-bench-\(getpid())"
        ).path
        for name in ["objects/copies", "references", "workers"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(name)", withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
        let lock = MeasuringLock.forHost()
        let probe = try DeviceProbe()
        let toolchain = try await Toolchain.find(
            Toolchain.Places(named: nil, environment: ProcessInfo.processInfo.environment))
        func library(_ name: String) throws -> VariantLibrary {
            try VariantLibrary(
                toolchain: toolchain, headers: files.headers,
                cache: try ObjectCache(folder: "\(folder)/\(name)"), lock: lock,
                limits: CompileLimits(parallelCalls: probe.processors))
        }
        self.library = try library("objects")
        // Within the folder that workers may read.
        copies = try library("objects/copies")
        catalogue = KernelCatalogue(folders: [files.kernels])
        self.probe = probe
        self.folder = folder
        self.lock = lock
    }

    /// Removes what was compiled.
    func remove() throws { try FileManager.default.removeItem(atPath: folder) }

    func provider(plan: SamplingPlan = SamplingPlan()) throws -> HardwareEvaluatorProvider {
        let catalogue = catalogue
        return HardwareEvaluatorProvider(
            catalogue: { catalogue }, probe: probe, library: .success(library), lock: lock,
            measuring: .init(
                worker: try WorkerClient.executablePath(), referenceCache: folder + "/references",
                workerFolders: folder + "/workers", plan: plan))
    }

    func entry(kernel: String, problem: String) throws -> WorkloadEntry {
        let kernel = try catalogue.kernel(named: kernel)
        return WorkloadEntry(kernel: kernel.name, problem: try kernel.problem(parsing: problem))
    }

    func evaluator(of entry: WorkloadEntry, target: String) async throws -> HardwareEvaluator {
        let made = try await provider().evaluator(for: entry, target: target, progress: { _ in })
        guard let evaluator = made as? HardwareEvaluator else {
            throw BenchError(message: "this host's evaluator is none of hardware")
        }
        return evaluator
    }

    /// Runs a session through the daemon's engine and returns it with its trials.
    func session(
        _ request: SessionRequest, provider: any EvaluatorProvider,
        publish: @escaping @Sendable (Event) -> Void = { _ in }
    ) async throws -> (session: Session, trials: [Trial], records: [TuningRecord]) {
        let store: any RecordStore = InMemoryRecordStore()
        let session = Session(id: "bench", request: request, created: 0)
        try store.commit([.session(session)])
        let start = ContinuousClock.now
        let clock = SessionRunner.Clock(
            elapsed: { (ContinuousClock.now - start) / .seconds(1) },
            now: { Date().timeIntervalSince1970 })
        let end = try await SessionRunner(
            session: session, store: store, provider: provider, clock: clock,
            control: SessionControl(), publish: publish
        ).run()
        if case .failed(let message) = end.state { throw BenchError(message: message) }
        return (
            end, try store.trials(session: session.id, entry: nil), try store.records(kernel: nil)
        )
    }
}

/// A configuration, as name=integer pairs.
struct ConfigurationArgument: ExpressibleByArgument {
    let configuration: Configuration

    init?(argument: String) {
        var values: [String: Value] = [:]
        for pair in argument.split(separator: ",") {
            let sides = pair.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, let value = Int(sides[1]) else { return nil }
            values[String(sides[0])] = .integer(value)
        }
        configuration = Configuration(values)
    }
}

/// A loop that keeps a core busy, in a process of its own, as a neighbour is; it ends with this one.
struct BusyNeighbour {
    private let process: pid_t

    /// On the first core that is not `core`.
    init(besides core: Int, of cores: Int) throws {
        guard let other = (0..<cores).first(where: { $0 != core }) else {
            throw BenchError(message: "--busy needs a second core")
        }
        let command = "while kill -0 $PPID 2>/dev/null; do :; done"
        let words = ["taskset", "-c", "\(other)", "sh", "-c", command]
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        // Not Foundation's Process: its waitUntilExit never returned in an async command.
        var process: pid_t = 0
        let error = posix_spawnp(&process, words[0], nil, nil, &arguments, environ)
        guard error == 0 else {
            throw BenchError(message: "cannot start taskset: \(String(cString: strerror(error)))")
        }
        self.process = process
    }

    func stop() {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }
}

/// One JSON object a line.
enum JSONLine {
    static func print(_ value: some Encodable) throws { Swift.print(try text(value)) }

    static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
