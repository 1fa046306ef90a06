import CSIMD

/// Row-major single-precision matrix product, C = A·B: A is m×k, B is k×n, C is m×n.
///
/// Buffers: a, b, c, work (scratch). Dimensions: m, n, k, lda, ldb, ldc (elements).
/// Arguments: packb, packc, mc, kc, nc, groups, threads.
enum Sgemm<
    let mr: Int, let nv: Int, let unroll: Int, let packa: Int, let fetch: Int, Vector: SIMD
> where Vector.Scalar == Float {
    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        BlockedSgemm<mr, nv, unroll, packa, fetch, Vector, NoEpilogue>.run(call, thread)
    }
}
