import Foundation
import Testing
import WorkerProtocol

@testable import Tuner

/// Compiles the kernels of Hostile/ once and makes requests for them.
struct Fixture {
    let folder: String
    /// What stands for the daemon's state: workers have no business there.
    let state: String
    var references: String { folder + "/references" }
    /// Where workers get their folders.
    var workers: String { folder + "/workers" }
    /// A copy of tune-worker that no other test runs, so that its processes can be counted.
    static let worker = Result {
        let copy = NSTemporaryDirectory() + "tune-worker-of-tests-\(getpid())"
        try FileManager.default.copyItem(atPath: try WorkerClient.executablePath(), toPath: copy)
        return copy
    }
    /// The well-behaved kernel and the reference.
    let good: String
    let hostile: String

    static let shared = Task { try await Fixture() }

    private init() async throws {
        folder = NSTemporaryDirectory() + "tune-worker-tests-\(getpid())"
        state = folder + "/state"
        let objects = folder + "/objects"
        for folder in [state, objects] {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
        }
        try "secret".write(toFile: state + "/secret", atomically: false, encoding: .utf8)
        let sources = try #require(Bundle.module.resourceURL).appending(path: "Hostile").path
        // Tests/WorkerTests/Fixture.swift → the package.
        let package = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let headers = package.appending(path: "Sources/CSIMD/include").path
        good = objects + "/good.so"
        hostile = objects + "/hostile.so"
        try await Self.run(
            "swiftc",
            [
                "-Ounchecked", "-parse-as-library", "-emit-library", "-I", headers, "-o", good,
                sources + "/Good.swift",
            ])
        try await Self.run(
            "clang",
            [
                "-O1", "-w", "-shared", "-fPIC", "-pthread", "-I", headers, "-o", hostile,
                "-DSTATE=\"\(state)\"", "-DOBJECTS=\"\(objects)\"",
                "-DREFERENCES=\"\(folder)/references/good.so\"", "-DNAME=\"\(Self.strayName)\"",
                sources + "/hostile.c", "-lm",
            ])
    }

    /// What hostile kernels call the files that they try to make.
    static let strayName = "tune-worker-test-\(getpid())"

    func client(_ request: PrepareRequest, isolation: Isolation = .ofHost) throws -> WorkerClient {
        WorkerClient(
            executable: try Self.worker.get(), request: request, folders: workers,
            isolation: isolation)
    }

    private static func run(_ tool: String, _ arguments: [String]) async throws {
        let environment = ProcessInfo.processInfo.environment
        let folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        // The toolchain has a clang of its own, which PATH need not show.
        let beside = folders.map { URL(filePath: $0 + "/swiftc").resolvingSymlinksInPath() }
            .filter { access($0.path, X_OK) == 0 }
            .map { $0.deletingLastPathComponent().path }
        let path = (folders + beside).map { folder -> String in "\(folder)/\(tool)" }
            .first { access($0, X_OK) == 0 }
        let command = ChildProcess(
            executable: try #require(path, "\(tool) is not in PATH"), arguments: arguments,
            environment: environment)
        let done = try await command.run(timeout: 120)
        try #require(
            done.exit == .status(0), "\(tool): \(String(decoding: done.errors, as: UTF8.self))")
    }

    func layout(rows: Int, columns: Int, stride: Int, operations: Double? = nil) -> ProblemLayout {
        ProblemLayout(
            dimensions: [rows, columns, stride],
            buffers: [
                BufferLayout(
                    name: "x", role: .input, element: .float32, shape: [rows, columns],
                    strides: [columns, 1], fill: .uniform(lower: -1, upper: 1)),
                BufferLayout(
                    name: "y", role: .output, element: .float32, shape: [rows, columns],
                    strides: [stride, 1], fill: .constant(0)),
                BufferLayout(
                    name: "work", role: .scratch, element: .float32, shape: [16], strides: [1],
                    fill: .constant(0)),
            ],
            absoluteTolerance: 1e-6, relativeTolerance: 1e-6,
            operations: operations ?? Double(2 * rows * columns))
    }

    func request(
        cache: CachePolicy = .hot, seed: UInt64 = 7, operations: Double? = nil,
        limits: WorkerLimits = WorkerLimits(
            addressSpaceSlack: 256 << 20, verifySeconds: 5, measureSeconds: 5)
    ) -> PrepareRequest {
        PrepareRequest(
            reference: EntryPoint(object: good, symbol: "reference"),
            problem: layout(rows: 128, columns: 64, stride: 64, operations: operations),
            verifyProblems: [
                layout(rows: 0, columns: 0, stride: 0), layout(rows: 1, columns: 1, stride: 1),
                layout(rows: 5, columns: 8, stride: 8), layout(rows: 3, columns: 7, stride: 9),
            ],
            seed: seed, cachePolicy: cache, referenceCache: references, core: 0,
            limits: limits)
    }

    func candidate(_ symbol: String? = nil, threads: Int = 1) -> Candidate {
        Candidate(
            entry: EntryPoint(object: symbol == nil ? good : hostile, symbol: symbol ?? "variant"),
            arguments: [threads], threads: threads, scratch: [16])
    }

    func measure(_ candidate: Candidate) -> MeasureRequest {
        MeasureRequest(
            candidate: candidate, verifyScratch: [[1], [1], [2], [0]],
            plan: SamplingPlan(timerError: 1e-3, maximumSeconds: 0.05))
    }

    /// Of the problems of `confirmation`.
    func confirm(_ candidate: Candidate, isDeterministic: Bool = true) -> ConfirmRequest {
        ConfirmRequest(
            candidate: candidate, verifyScratch: [[16], [16]], repetitions: 10,
            isDeterministic: isDeterministic)
    }

    /// The tuned problem with two tails of it to verify on.
    func confirmation() -> PrepareRequest {
        var request = request()
        request.verifyProblems = [
            layout(rows: 129, columns: 65, stride: 67), layout(rows: 127, columns: 63, stride: 63),
        ]
        return request
    }
}

/// Processes that run these tests' tune-worker, whoever their parent is by now.
enum RunningWorkers {
    static func identifiers() throws -> [String] {
        let path = try Fixture.worker.get()
        return try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { entry in
            guard entry.allSatisfy(\.isNumber) else { return false }
            // Gone since the folder was listed, or not ours to see: no worker of these tests.
            let executable = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/\(entry)/exe")
            return executable == path
        }
    }
}
