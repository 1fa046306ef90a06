import CSIMD

// Parts of vectors and sums over their lanes. Once `Vector` is known only one line is left of each function.

/// Loads the first `count` lanes, and nothing of the memory beyond them; `filler` is in the others.
@inline(__always)
func loadFirst<Vector: SIMD>(
    _ count: Int, from address: UnsafeRawPointer, filler: Float = 0
) -> Vector where Vector.Scalar == Float {
    let lanes = Int64(count)
    // With a count that is known this is an ordinary load.
    if count == Vector.scalarCount { return address.loadUnaligned(as: Vector.self) }
    if Vector.self == SIMD16<Float>.self { return cast(simd_load_first16(address, lanes, filler)) }
    if Vector.self == SIMD8<Float>.self { return cast(simd_load_first8(address, lanes, filler)) }
    return cast(simd_load_first4(address, lanes, filler))
}

/// Stores the first `count` lanes.
@inline(__always)
func storeFirst<Vector: SIMD>(
    _ count: Int, of vector: Vector, to address: UnsafeMutableRawPointer
) where Vector.Scalar == Float {
    if Vector.self == SIMD16<Float>.self {
        simd_store_first16(address, Int64(count), cast(vector))
    } else if Vector.self == SIMD8<Float>.self {
        simd_store_first8(address, Int64(count), cast(vector))
    } else {
        simd_store_first4(address, Int64(count), cast(vector))
    }
}

/// The sum over the lanes, by halves.
@inline(__always)
func sum<Vector: SIMD>(_ vector: Vector) -> Float where Vector.Scalar == Float {
    if Vector.self == SIMD16<Float>.self { return simd_sum16(cast(vector)) }
    if Vector.self == SIMD8<Float>.self { return simd_sum8(cast(vector)) }
    return simd_sum4(cast(vector))
}

/// The sums over the lanes of four vectors.
@inline(__always)
func laneSums<Vector: SIMD>(
    _ x0: Vector, _ x1: Vector, _ x2: Vector, _ x3: Vector
) -> SIMD4<Float> where Vector.Scalar == Float {
    if Vector.self == SIMD16<Float>.self {
        return simd_sums16(cast(x0), cast(x1), cast(x2), cast(x3))
    }
    if Vector.self == SIMD8<Float>.self {
        return simd_sums8(cast(x0), cast(x1), cast(x2), cast(x3))
    }
    return simd_sums4(cast(x0), cast(x1), cast(x2), cast(x3))
}

/// The largest lane.
@inline(__always)
func largest<Vector: SIMD>(_ vector: Vector) -> Float where Vector.Scalar == Float {
    if Vector.self == SIMD16<Float>.self { return simd_largest16(cast(vector)) }
    if Vector.self == SIMD8<Float>.self { return simd_largest8(cast(vector)) }
    return simd_largest4(cast(vector))
}

/// The larger of each lane; that of y where either is NaN.
@inline(__always)
func larger<Vector: SIMD>(_ x: Vector, _ y: Vector) -> Vector where Vector.Scalar == Float {
    if Vector.self == SIMD16<Float>.self { return cast(simd_larger16(cast(x), cast(y))) }
    if Vector.self == SIMD8<Float>.self { return cast(simd_larger8(cast(x), cast(y))) }
    return cast(simd_larger4(cast(x), cast(y)))
}

/// `step` for each vector.
@inline(__always)
func each<let count: Int, Vector: SIMD>(
    _ x: InlineArray<count, Vector>, _ step: (Vector) -> Vector
) -> InlineArray<count, Vector> where Vector.Scalar == Float {
    var result = x
    var u = 0
    while u < count {
        result[unchecked: u] = step(x[unchecked: u])
        u &+= 1
    }
    return result
}

/// `step` for each pair of vectors.
@inline(__always)
func each<let count: Int, Vector: SIMD>(
    _ x: InlineArray<count, Vector>, _ y: InlineArray<count, Vector>,
    _ step: (Vector, Vector) -> Vector
) -> InlineArray<count, Vector> where Vector.Scalar == Float {
    var result = x
    var u = 0
    while u < count {
        result[unchecked: u] = step(x[unchecked: u], y[unchecked: u])
        u &+= 1
    }
    return result
}

/// Loads the first `lanes` lanes of neighbouring vectors, and nothing of the memory beyond them; `filler` is in the others.
@inline(__always)
func loadFirst<let count: Int, Vector: SIMD>(
    _ lanes: Int, from address: UnsafeRawPointer, filler: Float = 0
) -> InlineArray<count, Vector> where Vector.Scalar == Float {
    if _slowPath(lanes != count &* Vector.scalarCount) {
        return loadPart(lanes, address, filler)
    }
    var result = InlineArray<count, Vector>(repeating: Vector())
    var u = 0
    while u < count {
        let at = u &* Vector.scalarCount &* 4
        result[unchecked: u] = address.loadUnaligned(fromByteOffset: at, as: Vector.self)
        u &+= 1
    }
    return result
}

/// Stores the first `lanes` lanes of neighbouring vectors.
@inline(__always)
func storeFirst<let count: Int, Vector: SIMD>(
    _ lanes: Int, of vectors: InlineArray<count, Vector>, to address: UnsafeMutableRawPointer
) where Vector.Scalar == Float {
    if _slowPath(lanes != count &* Vector.scalarCount) {
        return storePart(lanes, vectors, address)
    }
    var u = 0
    while u < count {
        let at = u &* Vector.scalarCount &* 4
        address.storeBytes(of: vectors[unchecked: u], toByteOffset: at, as: Vector.self)
        u &+= 1
    }
}

// Out of line, because a row has one part of a block and the code would be large.

@inline(never)
private func loadPart<let count: Int, Vector: SIMD>(
    _ lanes: Int, _ address: UnsafeRawPointer, _ filler: Float
) -> InlineArray<count, Vector> where Vector.Scalar == Float {
    var result = InlineArray<count, Vector>(repeating: Vector(repeating: filler))
    var u = 0
    while u &* Vector.scalarCount < lanes {
        let left = min(Vector.scalarCount, lanes &- u &* Vector.scalarCount)
        result[unchecked: u] = loadFirst(
            left, from: address + u &* Vector.scalarCount &* 4, filler: filler)
        u &+= 1
    }
    return result
}

@inline(never)
private func storePart<let count: Int, Vector: SIMD>(
    _ lanes: Int, _ vectors: InlineArray<count, Vector>, _ address: UnsafeMutableRawPointer
) where Vector.Scalar == Float {
    var u = 0
    while u &* Vector.scalarCount < lanes {
        let left = min(Vector.scalarCount, lanes &- u &* Vector.scalarCount)
        storeFirst(
            left, of: vectors[unchecked: u], to: address + u &* Vector.scalarCount &* 4)
        u &+= 1
    }
}

/// The sum over all lanes of all vectors.
@inline(__always)
func sum<let count: Int, Vector: SIMD>(_ vectors: InlineArray<count, Vector>) -> Float
where Vector.Scalar == Float {
    var all = vectors[unchecked: 0]
    var u = 1
    while u < count {
        all += vectors[unchecked: u]
        u &+= 1
    }
    return sum(all)
}

/// The largest lane of all vectors.
@inline(__always)
func largest<let count: Int, Vector: SIMD>(_ vectors: InlineArray<count, Vector>) -> Float
where Vector.Scalar == Float {
    var all = vectors[unchecked: 0]
    var u = 1
    while u < count {
        all = larger(vectors[unchecked: u], all)
        u &+= 1
    }
    return largest(all)
}

/// A vector as the type it is known to be.
@inline(__always)
private func cast<From: SIMD, To: SIMD>(_ vector: From) -> To {
    unsafeBitCast(vector, to: To.self)
}
