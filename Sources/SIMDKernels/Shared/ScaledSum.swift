import CSIMD

/// z = x + scale · y: the loop of triad and of axpy.
///
/// z is aligned to the vector from its second store on, as streaming stores must be and as the others are faster: a line that one store fills need
/// not be read first. What is left at the ends is one vector that overlaps its neighbours, not a loop of single floats.
enum ScaledSum<let unroll: Int, Vector: SIMD> where Vector.Scalar == Float {
    /// `count` floats; asks for x and y `distance` bytes ahead, unless that is 0.
    @inline(__always)
    static func run(
        _ z: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, _ y: UnsafeRawPointer,
        _ scale: Float, count: Int, distance: Int, streams: Bool
    ) {
        let bytes = count &* 4
        let width = Vector.scalarCount &* 4
        if bytes < width { return short(z, x, y, scale, bytes) }
        let factor = Vector(repeating: scale)
        step(z, x, y, factor, at: 0, streams: false)
        let start = (width &- Int(bitPattern: z) & (width &- 1)) & (width &- 1)
        let end: Int
        // Two loops, so that neither asks in every pass.
        if streams {
            end = whole(z, x, y, factor, from: start, to: bytes, distance, streams: true)
            simd_stream_fence()
        } else {
            end = whole(z, x, y, factor, from: start, to: bytes, distance, streams: false)
        }
        if end < bytes { step(z, x, y, factor, at: bytes &- width, streams: false) }
    }

    /// All whole vectors; returns where they end.
    @inline(__always)
    static func whole(
        _ z: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, _ y: UnsafeRawPointer,
        _ factor: Vector, from start: Int, to bytes: Int, _ distance: Int, streams: Bool
    ) -> Int {
        let width = Vector.scalarCount &* 4
        var at = start
        while at &+ unroll &* width <= bytes {
            if distance > 0 {
                for u in 0..<unroll where u &* width & 63 == 0 {
                    simd_prefetch(x + (at &+ u &* width &+ distance))
                    simd_prefetch(y + (at &+ u &* width &+ distance))
                }
            }
            for u in 0..<unroll {
                step(z, x, y, factor, at: at &+ u &* width, streams: streams)
            }
            at &+= unroll &* width
        }
        while at &+ width <= bytes {
            step(z, x, y, factor, at: at, streams: streams)
            at &+= width
        }
        return at
    }

    @inline(__always)
    static func step(
        _ z: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, _ y: UnsafeRawPointer,
        _ factor: Vector, at: Int, streams: Bool
    ) {
        let sum = multiplyAdd(
            x.loadUnaligned(fromByteOffset: at, as: Vector.self), factor,
            y.loadUnaligned(fromByteOffset: at, as: Vector.self))
        store(sum, to: z + at, streams: streams)
    }

    /// Less than a vector.
    @inline(__always)
    static func short(
        _ z: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, _ y: UnsafeRawPointer,
        _ scale: Float, _ bytes: Int
    ) {
        var at = 0
        while at < bytes {
            let sum = multiplyAdd(
                x.loadUnaligned(fromByteOffset: at, as: Float.self), scale,
                y.loadUnaligned(fromByteOffset: at, as: Float.self))
            z.storeBytes(of: sum, toByteOffset: at, as: Float.self)
            at &+= 4
        }
    }
}
