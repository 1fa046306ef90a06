import CSIMD

// The instructions of csimd_dot.h for a vector that is known only where a variant is specialized: then one line of each function is left.
// Lanes of Int32 hold groups of bytes, lanes of Float groups of bfloat16.

/// sum + the products of a group in each lane.
@inline(__always)
func multiplyAddGroups<Vector: SIMD>(_ sum: Vector, _ x: Vector, _ y: Vector) -> Vector {
    if Vector.self == SIMD16<Int32>.self {
        return cast(simd_u8s8_multiply_add16(cast(sum), cast(x), cast(y)))
    }
    if Vector.self == SIMD8<Int32>.self {
        return cast(simd_u8s8_multiply_add8(cast(sum), cast(x), cast(y)))
    }
    if Vector.self == SIMD4<Int32>.self {
        return cast(simd_u8s8_multiply_add4(cast(sum), cast(x), cast(y)))
    }
    if Vector.self == SIMD16<Float>.self {
        return cast(simd_bf16_multiply_add16(cast(sum), cast(x), cast(y)))
    }
    if Vector.self == SIMD8<Float>.self {
        return cast(simd_bf16_multiply_add8(cast(sum), cast(x), cast(y)))
    }
    return cast(simd_bf16_multiply_add4(cast(sum), cast(x), cast(y)))
}

/// A group of each of as many columns as there are lanes; rows lie `stride` bytes apart.
@inline(__always)
func interleaveGroups<Vector: SIMD>(_ rows: UnsafeRawPointer, _ stride: Int) -> Vector {
    if Vector.Scalar.self == Int32.self {
        let bytes = rows.assumingMemoryBound(to: Int8.self)
        if Vector.self == SIMD16<Int32>.self {
            return cast(simd_u8s8_interleave16(bytes, Int64(stride)))
        }
        if Vector.self == SIMD8<Int32>.self {
            return cast(simd_u8s8_interleave8(bytes, Int64(stride)))
        }
        return cast(simd_u8s8_interleave4(bytes, Int64(stride)))
    }
    if Vector.self == SIMD16<Float>.self {
        return cast(simd_bf16_interleave16(rows, Int64(stride)))
    }
    if Vector.self == SIMD8<Float>.self {
        return cast(simd_bf16_interleave8(rows, Int64(stride)))
    }
    return cast(simd_bf16_interleave4(rows, Int64(stride)))
}

/// A vector as the type it is known to be.
@inline(__always)
private func cast<From: SIMD, To: SIMD>(_ vector: From) -> To {
    unsafeBitCast(vector, to: To.self)
}
