import CSIMD

/// A few rows of activations times quantised weights, y = x·Wᵀ: x is m×k and y is m×n, both of float32, and W has n rows of ⌈k / 32⌉ blocks.
/// A block of q8_0, as GGUF files have it, is a float16 scale, then 32 signed bytes: weight i is scale · q[i].
/// What the last block of a row holds beyond k does not matter.
///
/// Activations are quantised to 8 bits in blocks of 32 first; see `QuantizedMatmul` for how and what that costs.
///
/// Buffers: x, w, y, work (scratch). Dimensions: m, n, k, ldx, ldy (elements).
/// Arguments: distance (bytes to prefetch each row of W ahead, 0 for none), threads.
enum MatmulQ8_0<let mr: Int, let tile: Int, Vector: SIMD>
where Vector.Scalar == Float, Vector.MaskStorage.Scalar == Int32 {
    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        QuantizedMatmul<8, mr, tile, Vector>.run(call, thread)
    }
}
