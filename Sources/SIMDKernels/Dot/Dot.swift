import CSIMD

/// Inner product of two vectors of n floats.
///
/// `sums` independent accumulators hide the latency of the fused multiply-add (4 cycles on the machines at hand, two a cycle: 8 are needed
/// when the data is in the first-level cache). `distance` asks for lines that many bytes ahead; 0 leaves it to the hardware.
///
/// Buffers: x, y, result (one float). Dimensions: n. Arguments: distance (bytes).
enum Dot<let sums: Int, Vector: SIMD> where Vector.Scalar == Float {
    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let bytes = Int(call.pointee.dimensions[0]) &* 4
        let distance = Int(call.pointee.arguments[0])
        let x = UnsafeRawPointer(call.pointee.buffers[0])
        let y = UnsafeRawPointer(call.pointee.buffers[1])
        let width = Vector.scalarCount &* 4

        var total = InlineArray<sums, Vector>(repeating: Vector())
        var at = 0
        while at &+ sums &* width <= bytes {
            if distance > 0 {
                for u in 0..<sums where u &* width & 63 == 0 {
                    simd_prefetch(x + (at &+ u &* width &+ distance))
                    simd_prefetch(y + (at &+ u &* width &+ distance))
                }
            }
            for u in 0..<sums {
                let offset = at &+ u &* width
                total[u] = multiplyAdd(
                    total[u], x.loadUnaligned(fromByteOffset: offset, as: Vector.self),
                    y.loadUnaligned(fromByteOffset: offset, as: Vector.self))
            }
            at &+= sums &* width
        }
        var sum = total[0]
        for u in 1..<max(sums, 1) { sum += total[u] }
        var result = sum.sum()
        while at < bytes {
            result = multiplyAdd(
                result, x.loadUnaligned(fromByteOffset: at, as: Float.self),
                y.loadUnaligned(fromByteOffset: at, as: Float.self))
            at &+= 4
        }
        call.pointee.buffers[2].storeBytes(of: result, as: Float.self)
    }
}
