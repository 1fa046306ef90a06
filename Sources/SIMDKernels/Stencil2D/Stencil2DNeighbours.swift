import CSIMD

/// Each lane's left neighbour in a row in which x follows `before` (see csimd.h).
@inline(__always)
func leftNeighbours<Vector: SIMD>(_ before: Vector, _ x: Vector) -> Vector
where Vector.Scalar == Float {
    if Vector.self == SIMD16<Float>.self {
        return cast(simd_left_neighbours16(cast(before), cast(x)))
    }
    if Vector.self == SIMD8<Float>.self {
        return cast(simd_left_neighbours8(cast(before), cast(x)))
    }
    return cast(simd_left_neighbours4(cast(before), cast(x)))
}

/// Each lane's right neighbour in a row in which `after` follows x.
@inline(__always)
func rightNeighbours<Vector: SIMD>(_ x: Vector, _ after: Vector) -> Vector
where Vector.Scalar == Float {
    if Vector.self == SIMD16<Float>.self {
        return cast(simd_right_neighbours16(cast(x), cast(after)))
    }
    if Vector.self == SIMD8<Float>.self {
        return cast(simd_right_neighbours8(cast(x), cast(after)))
    }
    return cast(simd_right_neighbours4(cast(x), cast(after)))
}

/// A vector as the type it is known to be.
@inline(__always)
private func cast<From: SIMD, To: SIMD>(_ vector: From) -> To {
    unsafeBitCast(vector, to: To.self)
}
