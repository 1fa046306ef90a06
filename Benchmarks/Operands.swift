import CSIMD
import Foundation
import KernelSpace
import WorkerProtocol

/// The matrices that all contestants multiply, aligned to cache lines.
final class Operands {
    let m: Int, n: Int, k: Int
    let dimensions: [Int64]
    let a: UnsafeMutablePointer<Float>
    let b: UnsafeMutablePointer<Float>
    let c: UnsafeMutablePointer<Float>
    let scratch: UnsafeMutablePointer<Float>

    /// Results of different summation orders differ by less than this, for products of values in [-1, 1].
    private static let tolerance: Float = 1e-3

    init(kernel: Kernel, problem: Problem, _ configurations: [Configuration]) throws {
        guard let m = problem["m"], let n = problem["n"], let k = problem["k"] else {
            throw CocoaError(.featureUnsupported)
        }
        (self.m, self.n, self.k) = (m, n, k)
        dimensions = problem.dimensions.map { Int64($0.value) }
        let layout = try kernel.layout(of: problem)
        let work = try configurations.flatMap { try kernel.scratch(of: $0, on: problem) }.max()
        func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
            UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
                .bindMemory(to: Float.self, capacity: max(count, 1))
        }
        let counts = layout.buffers.map(\.elementCount)
        a = floats(counts[0])
        b = floats(counts[1])
        c = floats(counts[2])
        scratch = floats(work ?? 0)
        for i in 0..<counts[0] { a[i] = .random(in: -1...1) }
        for i in 0..<counts[1] { b[i] = .random(in: -1...1) }
    }

    /// Throws unless all contestants compute the same.
    func check(_ contestants: [Contestant]) throws {
        var first: [Float] = []
        for contestant in contestants {
            for i in 0..<m * n { c[i] = .nan }
            contestant.run()
            let result = Array(UnsafeBufferPointer(start: c, count: m * n))
            if first.isEmpty { first = result }
            for (x, y) in zip(first, result) where !(abs(x - y) < Self.tolerance) {
                throw BenchError(message: "\(contestant.name) computes \(y) where \(x) is right")
            }
        }
    }
}

/// Why a benchmark did not run.
struct BenchError: Error, CustomStringConvertible {
    let message: String
    var description: String { message }
}

/// A compiled variant in this process.
struct Variant {
    private let function: KernelVariant

    init(_ entry: EntryPoint) throws {
        guard let handle = dlopen(entry.object, RTLD_NOW), let symbol = dlsym(handle, entry.symbol)
        else { throw BenchError(message: "cannot load \(entry.symbol) of \(entry.object)") }
        function = unsafeBitCast(symbol, to: KernelVariant.self)
    }

    func call(_ operands: Operands, arguments: [Int]) {
        var buffers = [operands.a, operands.b, operands.c, operands.scratch].map {
            UnsafeMutableRawPointer($0)
        }
        var dimensions = operands.dimensions
        var arguments = arguments.map(Int64.init)
        buffers.withUnsafeMutableBufferPointer { buffers in
            dimensions.withUnsafeMutableBufferPointer { dimensions in
                arguments.withUnsafeMutableBufferPointer { arguments in
                    guard let p = buffers.baseAddress, let d = dimensions.baseAddress,
                        let a = arguments.baseAddress
                    else { return }
                    var call = KernelCall(
                        buffers: p, dimensions: d, arguments: a, threads: 1, barrier: nil,
                        team: nil)
                    function(&call, 0)
                }
            }
        }
    }
}

/// `cblas_sgemm` of a shared library.
struct Peer {
    private typealias Sgemm =
        @convention(c) (
            Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32,
            UnsafePointer<Float>, Int32, Float, UnsafeMutablePointer<Float>, Int32
        ) -> Void
    private let function: Sgemm
    /// The library and the core it was told to be, or took itself to be.
    let name: String

    init(library: String) throws {
        setenv("OPENBLAS_NUM_THREADS", "1", 1)
        guard let handle = dlopen(library, RTLD_NOW), let symbol = dlsym(handle, "cblas_sgemm")
        else {
            throw BenchError(
                message:
                    "cannot load cblas_sgemm of \(library); apt-get install libopenblas0-pthread")
        }
        function = unsafeBitCast(symbol, to: Sgemm.self)
        typealias CoreName = @convention(c) () -> UnsafePointer<CChar>
        if let symbol = dlsym(handle, "openblas_get_corename") {
            name = "OpenBLAS/" + String(cString: unsafeBitCast(symbol, to: CoreName.self)())
        } else {
            name = library
        }
    }

    /// C = A·B, row-major (101), nothing transposed (111).
    func multiply(_ o: Operands) {
        let m = Int32(o.m), n = Int32(o.n), k = Int32(o.k)
        function(101, 111, 111, m, n, k, 1, o.a, k, o.b, n, 0, o.c, n)
    }
}
