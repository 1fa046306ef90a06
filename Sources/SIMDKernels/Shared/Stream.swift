import CSIMD

/// Writes a vector past the caches (see csimd.h); `address` is aligned to it. Once `Vector` is known only one line is left.
@inline(__always)
func stream<Vector: SIMD>(_ vector: Vector, to address: UnsafeMutableRawPointer)
where Vector.Scalar == Float {
    if Vector.self == SIMD16<Float>.self {
        simd_stream16(address, unsafeBitCast(vector, to: SIMD16<Float>.self))
    } else if Vector.self == SIMD8<Float>.self {
        simd_stream8(address, unsafeBitCast(vector, to: SIMD8<Float>.self))
    } else if Vector.self == SIMD4<Float>.self {
        simd_stream4(address, unsafeBitCast(vector, to: SIMD4<Float>.self))
    } else {
        address.storeBytes(of: vector, as: Vector.self)
    }
}

/// Stores a vector, past the caches if `streams` says so; then `address` must be aligned to it.
///
/// `streams` is to be a constant where this is inlined: of a store under either outcome of a test the optimizer makes one ordinary store.
@inline(__always)
func store<Vector: SIMD>(
    _ vector: Vector, to address: UnsafeMutableRawPointer, streams: Bool
) where Vector.Scalar == Float {
    if streams {
        stream(vector, to: address)
    } else {
        address.storeBytes(of: vector, as: Vector.self)
    }
}
