import CSIMD

// Exponentials of blocks of vectors: 2ⁿ for the nearest whole number n, times a polynomial for what remains, at most half a power of two either way
// (Muller, Elementary Functions, 3rd edition, chapters 3 and 11). The polynomials are 1 at 0, so that e⁰ is 1, and minimise the error in units in the
// last place of the result, which are half as large below 1 as above.
//
// One step after the other for all vectors of a block, not one vector after the other: the steps of a vector wait for each other, and a processor
// does not look far enough ahead to fill that time with the next vectors.

/// eˣ for each of `x`: infinity above 88.72, subnormal numbers and then 0 below −87.33, NaN for NaN. Measured over all floats, the error is at most
/// 0.99 units in the last place where the target multiplies and adds in one instruction, 1.17 elsewhere.
@inline(__always)
func exp<let count: Int, Vector: SIMD>(
    _ x: InlineArray<count, Vector>
) -> InlineArray<count, Vector> where Vector.Scalar == Float {
    // Beyond these bounds the result no longer changes.
    var r = each(x) { clamp($0, -104, 89) }
    let power = each(r) { nearest($0 * Vector(repeating: 1.442_695_04)) }
    // n · 0.693359375 has few enough digits to be exact; what is missing of n · ln 2 is 0.0002 n.
    let n = each(power) { nearestValue($0) }
    r = each(r, n) { multiplyAdd($0, $1, Vector(repeating: -0.693_359_375)) }
    r = each(r, n) { multiplyAdd($0, $1, Vector(repeating: 2.121_944_4e-4)) }
    var sum = InlineArray<count, Vector>(repeating: Vector(repeating: 1.381_408_54e-3))
    sum = each(sum, r) { multiplyAdd(Vector(repeating: 8.375_978_1e-3), $0, $1) }
    sum = each(sum, r) { multiplyAdd(Vector(repeating: 4.166_911_54e-2), $0, $1) }
    sum = each(sum, r) { multiplyAdd(Vector(repeating: 0.166_664_213), $0, $1) }
    sum = each(sum, r) { multiplyAdd(Vector(repeating: 0.499_999_791), $0, $1) }
    sum = each(sum, r) { multiplyAdd(Vector(repeating: 1), $0, $1) }
    sum = each(sum, r) { multiplyAdd(Vector(repeating: 1), $0, $1) }
    return each(sum, power) { scale($0, $1) }
}

/// 2ˣ for each of `x`: infinity from 127.5 or 128 on and 0 from −126.5 or −150 on, whichever is faster, NaN for NaN. Measured over all floats in between,
/// the error is at most 1.87 units in the last place where the target multiplies and adds in one instruction, 2.00 elsewhere.
///
/// Two thirds of the work of `exp`, and what to use where x · log₂e may be rounded: that changes eˣ by less than |x| / 2²³ of itself.
@inline(__always)
func exp2<let count: Int, Vector: SIMD>(
    _ x: InlineArray<count, Vector>
) -> InlineArray<count, Vector> where Vector.Scalar == Float {
    let x = simd_scales_all() != 0 ? x : each(x) { clamp($0, -127, 128) }
    let power = each(x) { nearest($0) }
    let r = each(x, power) { $0 - nearestValue($1) }
    var sum = InlineArray<count, Vector>(repeating: Vector(repeating: 1.322_285_39e-3))
    sum = each(sum, r) { multiplyAdd(Vector(repeating: 9.672_495_54e-3), $0, $1) }
    sum = each(sum, r) { multiplyAdd(Vector(repeating: 5.550_889_67e-2), $0, $1) }
    sum = each(sum, r) { multiplyAdd(Vector(repeating: 0.240_222_156), $0, $1) }
    sum = each(sum, r) { multiplyAdd(Vector(repeating: 0.693_146_825), $0, $1) }
    sum = each(sum, r) { multiplyAdd(Vector(repeating: 1), $0, $1) }
    return each(sum, power) { scaleNormal($0, $1) }
}

// The steps that are spelled in csimd_rows.h.

/// x between two bounds; NaN stays NaN.
@inline(__always)
private func clamp<Vector: SIMD>(_ x: Vector, _ least: Float, _ most: Float) -> Vector
where Vector.Scalar == Float {
    if Vector.self == SIMD16<Float>.self { return cast(simd_clamp16(cast(x), least, most)) }
    if Vector.self == SIMD8<Float>.self { return cast(simd_clamp8(cast(x), least, most)) }
    return cast(simd_clamp4(cast(x), least, most))
}

/// The nearest whole number, to scale by.
@inline(__always)
private func nearest<Vector: SIMD>(_ x: Vector) -> Vector where Vector.Scalar == Float {
    if Vector.self == SIMD16<Float>.self { return cast(simd_nearest16(cast(x))) }
    if Vector.self == SIMD8<Float>.self { return cast(simd_nearest8(cast(x))) }
    return cast(simd_nearest4(cast(x)))
}

/// That number as a float.
@inline(__always)
private func nearestValue<Vector: SIMD>(_ n: Vector) -> Vector where Vector.Scalar == Float {
    if Vector.self == SIMD16<Float>.self { return cast(simd_nearest_value16(cast(n))) }
    if Vector.self == SIMD8<Float>.self { return cast(simd_nearest_value8(cast(n))) }
    return cast(simd_nearest_value4(cast(n)))
}

/// x · 2ⁿ.
@inline(__always)
private func scale<Vector: SIMD>(_ x: Vector, _ n: Vector) -> Vector where Vector.Scalar == Float {
    if Vector.self == SIMD16<Float>.self { return cast(simd_scale16(cast(x), cast(n))) }
    if Vector.self == SIMD8<Float>.self { return cast(simd_scale8(cast(x), cast(n))) }
    return cast(simd_scale4(cast(x), cast(n)))
}

/// x · 2ⁿ, 0 or infinity where 2ⁿ is no normal number or the product none.
@inline(__always)
private func scaleNormal<Vector: SIMD>(_ x: Vector, _ n: Vector) -> Vector
where Vector.Scalar == Float {
    if Vector.self == SIMD16<Float>.self { return cast(simd_scale_normal16(cast(x), cast(n))) }
    if Vector.self == SIMD8<Float>.self { return cast(simd_scale_normal8(cast(x), cast(n))) }
    return cast(simd_scale_normal4(cast(x), cast(n)))
}

/// A vector as the type it is known to be.
@inline(__always)
private func cast<From: SIMD, To: SIMD>(_ vector: From) -> To {
    unsafeBitCast(vector, to: To.self)
}
