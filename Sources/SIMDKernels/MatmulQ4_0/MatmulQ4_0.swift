import CSIMD

/// A few rows of activations times quantised weights, y = x·Wᵀ: x is m×k and y is m×n, both of float32, and W has n rows of ⌈k / 32⌉ blocks.
/// A block of q4_0, as GGUF files have it, is a float16 scale, then 16 bytes: weight i is scale · (low nibble of byte i − 8), weight 16 + i the
/// same of its high nibble.
/// What the last block of a row holds beyond k does not matter.
///
/// Activations are quantised to 8 bits in blocks of 32 first; see `QuantizedMatmul` for how and what that costs.
///
/// Buffers: x, w, y, work (scratch). Dimensions: m, n, k, ldx, ldy (elements).
/// Arguments: distance (bytes to prefetch each row of W ahead, 0 for none), threads.
enum MatmulQ4_0<let mr: Int, let tile: Int, Vector: SIMD>
where Vector.Scalar == Float, Vector.MaskStorage.Scalar == Int32 {
    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        QuantizedMatmul<4, mr, tile, Vector>.run(call, thread)
    }
}
