import CSIMD

/// z = a·x + y over n floats: axpy of the BLAS (Lawson et al., 1979), but for the result, which has a buffer of its own.
///
/// Inputs of a kernel are not changed, so that every call computes the same; hence z may be neither x nor y.
/// It moves as much as the triad, but is meant for vectors that stay in a cache between the steps of a solver.
///
/// Buffers: a (one float), x, y, z. Dimensions: n. Arguments: distance (bytes to prefetch ahead, 0 for none), stream (0 or 1: stores go past the
/// caches), threads.
enum Axpy<let unroll: Int, Vector: SIMD> where Vector.Scalar == Float {
    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let own = share(
            Int(call.pointee.dimensions[0]), granule: 1024, thread, of: Int(call.pointee.threads))
        ScaledSum<unroll, Vector>.run(
            call.pointee.buffers[3] + own.start &* 4, call.pointee.buffers[2] + own.start &* 4,
            call.pointee.buffers[1] + own.start &* 4,
            call.pointee.buffers[0].load(as: Float.self), count: own.end &- own.start,
            distance: Int(call.pointee.arguments[0]), streams: call.pointee.arguments[1] != 0)
    }
}
