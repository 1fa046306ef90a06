import CSIMD

/// The triad of STREAM (McCalpin, 1995), a = b + 3·c over n floats: two reads and one write for two operations, so a measure of the memory.
///
/// Buffers: b, c, a. Dimensions: n. Arguments: distance (bytes to prefetch ahead, 0 for none), stream (0 or 1: stores go past the caches), threads.
enum Triad<let unroll: Int, Vector: SIMD> where Vector.Scalar == Float {
    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let own = share(
            Int(call.pointee.dimensions[0]), granule: 1024, thread, of: Int(call.pointee.threads))
        ScaledSum<unroll, Vector>.run(
            call.pointee.buffers[2] + own.start &* 4, call.pointee.buffers[0] + own.start &* 4,
            call.pointee.buffers[1] + own.start &* 4, 3, count: own.end &- own.start,
            distance: Int(call.pointee.arguments[0]), streams: call.pointee.arguments[1] != 0)
    }
}
