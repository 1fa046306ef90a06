import Foundation
import KernelSpace
import Testing
import WorkerProtocol

@testable import Tuner

/// A kernel of ten lines in a folder of its own, y = 3·x, with everything an evaluator of it needs.
///
/// `unroll` 1 and 2 are right, 3 is right unless n = 1001, 5 computes something else, 7 needs the Swift runtime and so does not compile.
final class TinyKernel: Sendable {
    let folder: String
    let state: String
    let catalogue: KernelCatalogue
    private let toolchain: Toolchain

    static let manifest = """
        kernel: triple
        summary: y = 3·x
        entry: {type: Triple, generics: [unroll, lanes]}
        reference: {file: TripleReference.swift, type: TripleReference}
        dimensions:
          n: {summary: elements}
        buffers:
          x: {role: input, element: float32, shape: [n], fill: {uniform: [-1, 1]}}
          y: {role: output, element: float32, shape: [n]}
        parameters:
          lanes: {specialization: vector, element: float32, values: [2, 4]}
          unroll: {specialization: integer, values: [1, 2, 3, 5, 7]}
          chunk: {argument: integer, values: [16, 64]}
        constraints: [lanes * 4 <= vector_bytes]
        work: {flops: n, bytes: 8 * n, figure: bytes}
        tolerance: {absolute: 0, relative: 1e-6}
        cache: hot
        deterministic: true
        verify:
          - {n: 0}
          - {n: 5}
        problems:
          - {n: 1000}
        defaults:
          any: {lanes: 4, unroll: 1, chunk: 16}

        """

    static let source = """
        import CSIMD
        enum Triple<let unroll: Int, Vector: SIMD> where Vector.Scalar == Float {
            @inline(__always)
            static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
                let x = UnsafePointer(call.pointee.buffers[0].assumingMemoryBound(to: Float.self))
                let y = call.pointee.buffers[1].assumingMemoryBound(to: Float.self)
                let n = Int(call.pointee.dimensions[0])
                for i in 0..<n { y[i] = (unroll == 5 ? 4 : 3) * x[i] }
                if unroll == 3 && n == 1001 { y[1000] += 1 }
                if unroll == 7 { y[n - 1] = [Float](repeating: x[0], count: n).reversed()[0] }
            }
        }

        """

    static let reference = """
        import CSIMD
        enum TripleReference {
            static func row(
                _ call: UnsafePointer<KernelCall>, _ row: Int, _ out: UnsafeMutablePointer<Double>
            ) {
                out[0] = 3 * Double(call.pointee.buffers[0].assumingMemoryBound(to: Float.self)[row])
            }
        }

        """

    init(manifest: String = manifest, source: String = source, swiftc: String? = nil) async throws {
        folder = FileManager.default.temporaryDirectory.path + "/tiny-kernel-\(UUID().uuidString)"
        state = folder + "/state"
        let kernel = folder + "/kernels/triple"
        for path in [kernel, state + "/references"] {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
        for (name, text) in [
            ("kernel.yaml", manifest), ("Triple.swift", source),
            ("TripleReference.swift", Self.reference),
        ] {
            try Data(text.utf8).write(to: URL(filePath: kernel + "/" + name))
        }
        catalogue = KernelCatalogue(folders: [folder + "/kernels"])
        let found = try await Toolchain.find(
            .init(named: nil, environment: ProcessInfo.processInfo.environment))
        toolchain = Toolchain(
            swiftc: swiftc ?? found.swiftc, linker: found.linker,
            symbolLister: found.symbolLister, build: found.build)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var kernel: Kernel { get throws { try catalogue.kernel(named: "triple") } }
    var lock: MeasuringLock { MeasuringLock(path: state + "/lock") }

    func library() throws -> VariantLibrary {
        let headers =
            URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
            + "/Sources/CSIMD/include"
        return try VariantLibrary(
            toolchain: toolchain, headers: headers,
            cache: ObjectCache(folder: state + "/objects"), lock: lock,
            limits: CompileLimits(secondsPerCall: 120, secondsPerFunction: 10, parallelCalls: 2))
    }

    func subject() throws -> HardwareEvaluator.Subject {
        let probe = try DeviceProbe()
        let kernel = try kernel
        return HardwareEvaluator.Subject(
            kernel: kernel, problem: try kernel.problem(["n": 1000]),
            target: try Target.resolve("cpu-native", on: probe.device), device: probe.device,
            plan: SamplingPlan(timerError: 1e-3, maximumSeconds: 0.02))
    }

    func evaluator(_ lane: any MeasuringLane, confirming: [any MeasuringLane] = []) throws
        -> HardwareEvaluator
    {
        HardwareEvaluator(
            subject: try subject(), library: try library(), lane: lane,
            confirmation: .init(
                problems: try kernel.tails(of: try kernel.problem(["n": 1000])),
                makeLanes: { confirming }),
            lock: lock, environment: EnvironmentProbe(try DeviceProbe()), progress: { _ in })
    }

    static func configuration(lanes: Int = 4, unroll: Int, chunk: Int = 16) -> Configuration {
        Configuration([
            "lanes": .integer(lanes), "unroll": .integer(unroll), "chunk": .integer(chunk),
        ])
    }
}

/// Evaluations in the order they were reported.
actor Evaluations {
    private(set) var all: [(index: Int, evaluation: Evaluation)] = []
    func append(_ first: Int, _ evaluations: [Evaluation]) {
        for (offset, evaluation) in evaluations.enumerated() {
            all.append((first + offset, evaluation))
        }
    }
    var failures: [String?] { all.map(\.evaluation.failure?.code) }
}
