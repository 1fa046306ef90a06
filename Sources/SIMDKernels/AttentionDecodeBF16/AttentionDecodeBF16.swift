import CSIMD

/// Attention of one new token over a cache of keys and values in bfloat16, computed in float32; see `CachedAttention`.
///
/// Buffers: q (heads · group rows of d), keys and values (each: heads, tokens, d), result (as q), work (scratch).
/// Dimensions: heads (of the cache), group (query heads that share one of them), tokens, d (head size), capacity (tokens the cache has room for).
/// Arguments: block (tokens), chunk (tokens), prefetch (0 or 1), threads.
enum AttentionDecodeBF16<let queries: Int, let rows: Int, let vectors: Int, Vector: SIMD>
where Vector.Scalar == Float {
    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        CachedAttention<queries, rows, vectors, BF16Cache, Vector>.run(call, thread)
    }
}
