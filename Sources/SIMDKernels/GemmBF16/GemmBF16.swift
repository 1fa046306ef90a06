import CSIMD

/// Row-major product of bfloat16, C = A·B: A is m×k, B is k×n, both of bfloat16 (its bits as UInt16), C is m×n of float32.
///
/// The loops are `GroupedWalk`'s round the tile of `GroupedGemm`. With vdpbf16ps a group is two products: each is exact in a float, and adding
/// it rounds as a fused multiply-add does, with subnormals taken as zero. Other targets widen both operands to floats on the way (exact too) and
/// multiply and add those.
///
/// Large products pack B (`packb` 1) in panels of nr columns, kc deep. With few rows of A that costs more than it saves: with `packb` 0 rows of B are
/// interleaved in registers where they lie, `ahead` bytes of a row being asked for before use. `packa` 1 copies blocks of A, so that
/// their rows do not collide in the cache; 0 reads them in place where the target's groups allow it.
///
/// Buffers: a, b, c, work (scratch). Dimensions: m, n, k, lda, ldb, ldc (elements).
/// Arguments: packa, packb, mc, kc, nc, ahead, threads.
enum GemmBF16<let mr: Int, let nv: Int, let unroll: Int, Vector: SIMD>
where Vector.Scalar == Float {
    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        GroupedGemm<mr, nv, unroll, Vector>.run(call, thread)
    }
}
