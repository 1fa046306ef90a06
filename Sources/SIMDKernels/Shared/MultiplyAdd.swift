import CSIMD

/// sum + x · y in one instruction where the target has it (see csimd.h). Once `Vector` is known only one line is left.
func multiplyAdd<Vector: SIMD>(_ sum: Vector, _ x: Vector, _ y: Vector) -> Vector
where Vector.Scalar == Float {
    if Vector.self == SIMD16<Float>.self {
        return cast(simd_multiply_add16(cast(sum), cast(x), cast(y)))
    }
    if Vector.self == SIMD8<Float>.self {
        return cast(simd_multiply_add8(cast(sum), cast(x), cast(y)))
    }
    if Vector.self == SIMD4<Float>.self {
        return cast(simd_multiply_add4(cast(sum), cast(x), cast(y)))
    }
    return sum.addingProduct(x, y)
}

/// The same for one value.
@inline(__always)
func multiplyAdd(_ sum: Float, _ x: Float, _ y: Float) -> Float { simd_multiply_add1(sum, x, y) }

/// A vector as the type it is known to be.
@inline(__always)
private func cast<From: SIMD, To: SIMD>(_ vector: From) -> To {
    unsafeBitCast(vector, to: To.self)
}
