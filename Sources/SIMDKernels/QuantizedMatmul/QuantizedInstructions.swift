import CSIMD

// The instructions of csimd_dot.h for vectors that are known only where a variant is specialized: then one line of each function is left.

/// sum + four products of bytes in each lane: weights of 8 bits as `simd_q8_offset` wants them or unsigned ones of 4, and signed x.
@inline(__always)
func multiplyAddFours<Vector: SIMD>(
    _ sum: Vector, _ weights: Vector, _ x: Vector, _ bits: Int
) -> Vector where Vector.Scalar == Int32 {
    if Vector.self == SIMD16<Int32>.self {
        return bits == 8
            ? cast(simd_q8_multiply_add16(cast(sum), cast(weights), cast(x)))
            : cast(simd_q4_multiply_add16(cast(sum), cast(weights), cast(x)))
    }
    if Vector.self == SIMD8<Int32>.self {
        return bits == 8
            ? cast(simd_q8_multiply_add8(cast(sum), cast(weights), cast(x)))
            : cast(simd_q4_multiply_add8(cast(sum), cast(weights), cast(x)))
    }
    return bits == 8
        ? cast(simd_q8_multiply_add4(cast(sum), cast(weights), cast(x)))
        : cast(simd_q4_multiply_add4(cast(sum), cast(weights), cast(x)))
}

/// The float16 at the start of each lane's block. Lane l has block l % across of row l / across; blocks lie `step` bytes apart and rows `stride`.
@inline(__always)
func blockHalves<Vector: SIMD>(
    _ blocks: UnsafeRawPointer, _ across: Int, _ stride: Int, _ step: Int
) -> Vector where Vector.Scalar == Float {
    let across = Int64(across), stride = Int64(stride), step = Int64(step)
    if Vector.self == SIMD16<Float>.self {
        return cast(simd_block_halves16(blocks, across, stride, step))
    }
    if Vector.self == SIMD8<Float>.self {
        return cast(simd_block_halves8(blocks, across, stride, step))
    }
    return cast(simd_block_halves4(blocks, across, stride, step))
}

/// The words of 16 or 32 bytes of each lane's block: word j of all blocks in vector j.
@inline(__always)
func blockWords<Vector: SIMD>(
    _ blocks: UnsafeRawPointer, _ across: Int, _ stride: Int, _ step: Int, bytes: Int
) -> InlineArray<8, Vector> where Vector.Scalar == Int32 {
    let across = Int64(across), stride = Int64(stride), step = Int64(step)
    var words = InlineArray<8, Vector>(repeating: Vector())
    withUnsafeMutableBytes(of: &words) {
        guard let out = $0.baseAddress else { return }
        if Vector.self == SIMD16<Int32>.self {
            return bytes == 32
                ? simd_block_words32_16(blocks, across, stride, step, out)
                : simd_block_words16_16(blocks, across, stride, step, out)
        }
        if Vector.self == SIMD8<Int32>.self {
            return bytes == 32
                ? simd_block_words32_8(blocks, across, stride, step, out)
                : simd_block_words16_8(blocks, across, stride, step, out)
        }
        return bytes == 32
            ? simd_block_words32_4(blocks, across, stride, step, out)
            : simd_block_words16_4(blocks, across, stride, step, out)
    }
    return words
}

/// `count` words, over and over.
@inline(__always)
func repeatWords<Vector: SIMD>(_ words: UnsafeRawPointer, _ count: Int) -> Vector
where Vector.Scalar == Int32 {
    if Vector.self == SIMD16<Int32>.self { return cast(simd_repeat16(words, Int64(count))) }
    if Vector.self == SIMD8<Int32>.self { return cast(simd_repeat8(words, Int64(count))) }
    return cast(simd_repeat4(words, Int64(count)))
}

/// The nearest floats.
@inline(__always)
func convertToFloat<From: SIMD, To: SIMD>(_ vector: From) -> To
where From.Scalar == Int32, To.Scalar == Float {
    if To.self == SIMD16<Float>.self { return cast(simd_to_float16(cast(vector))) }
    if To.self == SIMD8<Float>.self { return cast(simd_to_float8(cast(vector))) }
    return cast(simd_to_float4(cast(vector)))
}

/// A vector as the type it is known to be.
@inline(__always)
private func cast<From: SIMD, To: SIMD>(_ vector: From) -> To {
    unsafeBitCast(vector, to: To.self)
}
