import Foundation
import KernelSpace
import Logging
import ServiceLifecycle
import Testing
import Tuner
import TunerAPI

@testable import TunerService

/// A daemon in this process: real HTTP on a socket in a folder of its own, real engine, fake hardware.
struct Daemon: Sendable {
    let folder: String
    let parts: ServiceParts
    let provider: FakeProvider
    var socket: String { parts.identity.socket }
    var client: TunerClient { TunerClient(socket: socket) }

    /// A processor that runs everything up to AVX2.
    static let device = Device(
        vendor: "Test", family: 1, model: 2, stepping: 3, brand: "Test processor", microcode: "0x1",
        cores: 2, caches: [], hypervisor: nil,
        features: Target.all.first { $0.name == "cpu-avx2" }?.features ?? [])

    /// Runs `body` beside a daemon and stops the daemon orderly.
    /// `isTuning`: whether the queue runs.
    static func run<Result: Sendable>(
        store: any RecordStore = InMemoryRecordStore(), isTuning: Bool = true,
        isGateShut: Bool = false, queueLimit: Int = EventHub.defaultQueueLimit,
        limits: HTTPService.Limits = HTTPService.Limits(),
        compiler: Status.Compiler = Status.Compiler(path: "/swiftc", build: "swiftc 1"),
        _ body: @Sendable (Daemon) async throws -> Result
    ) async throws -> Result {
        let folder = "/tmp/tunerd-test-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: folder + "/kernels", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Kernels.write("alpha", in: folder + "/kernels")
        try Kernels.write("beta", in: folder + "/kernels")
        let daemon = try Daemon(
            folder: folder, store: store, queueLimit: queueLimit, compiler: compiler)
        if isGateShut { daemon.provider.shutGate() }
        return try await daemon.whileRunning(isTuning: isTuning, limits: limits) {
            try await body(daemon)
        }
    }

    private init(
        folder: String, store: any RecordStore, queueLimit: Int, compiler: Status.Compiler
    ) throws {
        self.folder = folder
        let kernels = KernelPath(builtIn: folder + "/kernels", given: [], stateDirectory: folder)
        let provider = FakeProvider(device: Self.device) { kernels.catalogue }
        self.provider = provider
        let start = ContinuousClock.now
        parts = try ServiceParts(
            identity: ServiceParts.Identity(
                version: "1.2.3", process: Int(ProcessInfo.processInfo.processIdentifier),
                started: 0, socket: folder + "/s.sock", stateDirectory: folder,
                device: Self.device, compiler: compiler),
            store: store, provider: provider, kernels: kernels,
            hub: EventHub(queueLimit: queueLimit),
            measuringLock: MeasuringLock(path: folder + "/measuring.lock"),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            clock: SessionRunner.Clock(
                elapsed: { (ContinuousClock.now - start) / .seconds(1) },
                now: { Date().timeIntervalSince1970 }))
    }

    private func whileRunning<Result: Sendable>(
        isTuning: Bool, limits: HTTPService.Limits, _ body: () async throws -> Result
    ) async throws -> Result {
        let (readiness, ready) = AsyncStream.makeStream(of: Void.self)
        let http = HTTPService(parts: parts, limits: limits) { ready.yield() }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [http], logger: parts.log))
        let scheduler = parts.scheduler
        let serving = Task {
            defer { ready.finish() }
            try await group.run()
        }
        let tuning = Task { if isTuning { await scheduler.run() } }
        for await _ in readiness { break }
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        await scheduler.shutDown()
        await tuning.value
        await group.triggerGracefulShutdown()
        try await serving.value
        return try result.get()
    }

    /// Waits for what must become true; the test's time limit ends a wait in vain.
    static func until(_ condition: @Sendable () async throws -> Bool) async throws {
        while try await !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }

    /// Events of a session from a number on, read from the raw stream.
    func events(of session: String, from first: Int = 0) async throws -> [Event] {
        let path = Route.events.path([session], query: [("from", "\(first)")])
        let reply = try await RawClient.get(path, socket: socket)
        return try reply.lines.map { try WireFormat.decode(Event.self, from: Data($0.utf8)) }
    }
}

/// Kernel folders of tests.
enum Kernels {
    /// Writes a kernel with a space of 32 configurations.
    static func write(_ name: String, in folder: String) throws {
        let place = "\(folder)/\(name)"
        try FileManager.default.createDirectory(
            atPath: place, withIntermediateDirectories: true)
        let manifest = """
            kernel: \(name)
            summary: A kernel of tests.
            entry: {type: Sum, generics: [unroll]}
            reference: {file: Reference.swift, type: SumReference}
            dimensions:
              n: {summary: length}
            buffers:
              x: {role: input, element: float32, shape: [n], fill: {uniform: [-1, 1]}}
              y: {role: output, element: float32, shape: [1]}
            parameters:
              unroll: {specialization: integer, values: [1, 2, 3, 4, 5, 6, 7, 8]}
              distance: {argument: integer, values: [0, 1, 2, 3]}
            constraints:
              - distance <= n
            work: {flops: 2 * n, bytes: 8 * n, figure: flops}
            tolerance: {absolute: 1e-6, relative: 1e-5}
            cache: hot
            verify:
              - {n: 0}
            problems:
              - {n: 100}
            defaults:
              any: {unroll: 1, distance: 0}

            """
        try Data(manifest.utf8).write(to: URL(filePath: place + "/kernel.yaml"))
        try Data("enum Sum<let unroll: Int> {}\n".utf8)
            .write(to: URL(filePath: place + "/Sum.swift"))
        try Data("enum SumReference {}\n".utf8)
            .write(to: URL(filePath: place + "/Reference.swift"))
    }
}
