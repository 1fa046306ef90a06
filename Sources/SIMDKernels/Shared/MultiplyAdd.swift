import CSIMD

/// sum + x · y, in one instruction where the target has it: elsewhere `addProduct` would be a call of libm for each lane.
@inline(__always)
func multiplyAdd<Vector: SIMD>(_ sum: Vector, _ x: Vector, _ y: Vector) -> Vector
where Vector.Scalar == Float {
    simd_has_multiply_add() ? sum.addingProduct(x, y) : sum + x * y
}

/// The same for one value.
@inline(__always)
func multiplyAdd(_ sum: Float, _ x: Float, _ y: Float) -> Float {
    simd_has_multiply_add() ? sum.addingProduct(x, y) : sum + x * y
}
