import CBench
import Foundation
import KernelSpace

/// A library with the C interface of BLAS, which is loaded, not linked.
struct BLAS {
    /// Where a library lies and what stands before the names of its functions.
    struct Source {
        var name: String
        var files: [String]
        var prefix = ""

        static let all = [
            Self(name: "OpenBLAS", files: ["libopenblas.so.0"]),
            Self(name: "OpenBLAS (PyPI)", files: ["libscipy_openblas.so"], prefix: "scipy_"),
            Self(name: "BLIS", files: ["libblis.so.4"]),
            Self(name: "MKL", files: MKL.files),
        ]
    }

    private typealias Multiply =
        @convention(c) (
            Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafeRawPointer, Int32,
            UnsafeRawPointer, Int32, Float, UnsafeMutableRawPointer, Int32
        ) -> Void
    /// Row-major, and whether a matrix is transposed, as CBLAS spells it.
    static let rowMajor: Int32 = 101
    static let plain: Int32 = 111
    private static let transposed: Int32 = 112

    private let multiply: Multiply

    init?(_ source: Source, _ libraries: PeerLibraries) {
        guard
            let multiply = libraries.function(
                source.prefix + "cblas_sgemm", of: source.files, as: Multiply.self)
        else { return nil }
        self.multiply = multiply
    }

    /// sgemm: buffers a, b, c.
    func product(_ problem: Problem) -> PeerTable.Call? {
        guard let s = ProductSizes(problem) else { return nil }
        return { [multiply] buffers in
            multiply(
                Self.rowMajor, Self.plain, Self.plain, Int32(s.m), Int32(s.n), Int32(s.k), 1,
                buffers[0], Int32(s.lda), buffers[1], Int32(s.ldb), 0, buffers[2], Int32(s.ldc))
        }
    }

    /// attention_decode: buffers q, keys, values, result; for each head of the cache a product, a softmax and another product. A bfloat16 cache is
    /// converted to float32 once, which no call pays for.
    func attention(_ problem: Problem, isBFloat16: Bool = false) -> PeerTable.Call? {
        guard let heads = problem["heads"], let group = problem["group"],
            let tokens = problem["tokens"], let size = problem["d"],
            let capacity = problem["capacity"]
        else { return nil }
        let scores = UnsafeMutablePointer<Float>.allocate(capacity: group * tokens)
        var converted: [UnsafeMutableRawPointer: UnsafeMutablePointer<Float>] = [:]
        func cache(_ memory: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
            guard isBFloat16 else { return memory.assumingMemoryBound(to: Float.self) }
            if let known = converted[memory] { return known }
            let count = heads * capacity * size
            let floats = UnsafeMutablePointer<Float>.allocate(capacity: count)
            let words = memory.assumingMemoryBound(to: UInt16.self)
            for index in 0..<count {
                floats[index] = Float(bitPattern: UInt32(words[index]) << 16)
            }
            converted[memory] = floats
            return floats
        }
        let scale = 1 / Float(size).squareRoot()
        return { [multiply] buffers in
            let q = buffers[0].assumingMemoryBound(to: Float.self)
            let (keys, values) = (cache(buffers[1]), cache(buffers[2]))
            let result = buffers[3].assumingMemoryBound(to: Float.self)
            for head in 0..<heads {
                let (queries, place) = (head * group * size, head * capacity * size)
                multiply(
                    Self.rowMajor, Self.plain, Self.transposed, Int32(group), Int32(tokens),
                    Int32(size), scale, q + queries, Int32(size), keys + place, Int32(size), 0,
                    scores, Int32(tokens))
                for query in 0..<group { plain_softmax(scores + query * tokens, Int64(tokens)) }
                multiply(
                    Self.rowMajor, Self.plain, Self.plain, Int32(group), Int32(size),
                    Int32(tokens), 1, scores, Int32(tokens), values + place, Int32(size), 0,
                    result + queries, Int32(size))
            }
        }
    }
}

/// Sizes of a product as its manifest names them.
struct ProductSizes {
    let m: Int, n: Int, k: Int, lda: Int, ldb: Int, ldc: Int

    init?(_ problem: Problem) {
        guard let m = problem["m"], let n = problem["n"], let k = problem["k"],
            let lda = problem["lda"], let ldb = problem["ldb"], let ldc = problem["ldc"]
        else { return nil }
        (self.m, self.n, self.k) = (m, n, k)
        (self.lda, self.ldb, self.ldc) = (lda, ldb, ldc)
    }
}
