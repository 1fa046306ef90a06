import CSIMD

/// How the elements of a key/value cache lie in memory and become vectors of floats.
protocol CacheElement {
    /// Bytes of an element.
    static var size: Int { get }
    /// Elements of a lane's group: a piece of a row has so many vectors, each of one element of every group.
    static var group: Int { get }
    /// The vector of the group's elements number `part` of the piece at `address`.
    static func load<Vector: SIMD>(_ address: UnsafeRawPointer, part: Int) -> Vector
    where Vector.Scalar == Float
    /// One element.
    static func element(_ address: UnsafeRawPointer) -> Float
}

/// float32.
enum FloatCache: CacheElement {
    @inline(__always)
    static var size: Int { 4 }
    @inline(__always)
    static var group: Int { 1 }

    @inline(__always)
    static func load<Vector: SIMD>(_ address: UnsafeRawPointer, part: Int) -> Vector
    where Vector.Scalar == Float {
        address.loadUnaligned(as: Vector.self)
    }

    @inline(__always)
    static func element(_ address: UnsafeRawPointer) -> Float {
        address.loadUnaligned(as: Float.self)
    }
}

/// bfloat16, the upper half of a float. Pairs are taken apart by a shift and a mask, which is less work than putting neighbours beside each other.
enum BF16Cache: CacheElement {
    @inline(__always)
    static var size: Int { 2 }
    @inline(__always)
    static var group: Int { 2 }

    @inline(__always)
    static func load<Vector: SIMD>(_ address: UnsafeRawPointer, part: Int) -> Vector
    where Vector.Scalar == Float {
        if Vector.self == SIMD16<Float>.self {
            return cast(part == 0 ? simd_bf16_first16(address) : simd_bf16_second16(address))
        }
        if Vector.self == SIMD8<Float>.self {
            return cast(part == 0 ? simd_bf16_first8(address) : simd_bf16_second8(address))
        }
        return cast(part == 0 ? simd_bf16_first4(address) : simd_bf16_second4(address))
    }

    @inline(__always)
    static func element(_ address: UnsafeRawPointer) -> Float {
        Float(bitPattern: UInt32(address.loadUnaligned(as: UInt16.self)) << 16)
    }

    /// A vector as the type it is known to be.
    @inline(__always)
    private static func cast<From: SIMD, To: SIMD>(_ vector: From) -> To {
        unsafeBitCast(vector, to: To.self)
    }
}
