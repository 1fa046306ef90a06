import CSIMD

/// Row-major product of bytes, C = A·B: A is m×k of uint8, B is k×n of int8, C is m×n of int32. Exact for all inputs as long as C fits
/// int32, which k up to 65,793 guarantees (each product is at most 255 · 128).
///
/// The loops are `GroupedWalk`'s round the tile of `GroupedGemm`. With vpdpbusd a group is four products; other targets widen both operands to
/// int16 on the way and sum pairs with vpmaddwd, which cannot overflow. That takes as many multiplications as summing bytes with vpmaddubsw and then
/// vpmaddwd, whose int16 saturates at 255 · 127 · 2.
///
/// Large products pack B (`packb` 1) in panels of nr columns, kc deep. With few rows of A that costs more than it saves: with `packb` 0 rows of B are
/// interleaved in registers where they lie, `ahead` bytes of a row being asked for before use. `packa` 1 copies blocks of A, so that
/// their rows do not collide in the cache; 0 reads them in place where the target's groups allow it.
///
/// Buffers: a, b, c, work (scratch). Dimensions: m, n, k, lda, ldb, ldc (elements).
/// Arguments: packa, packb, mc, kc, nc, ahead, threads.
enum GemmU8S8S32<let mr: Int, let nv: Int, let unroll: Int, Vector: SIMD>
where Vector.Scalar == Int32 {
    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        GroupedGemm<mr, nv, unroll, Vector>.run(call, thread)
    }
}
