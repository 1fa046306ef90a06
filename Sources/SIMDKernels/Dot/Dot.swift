import CSIMD

/// Inner product of two vectors of n floats.
///
/// `sums` independent accumulators hide the latency of the fused multiply-add (4 cycles on the machines at hand, two a cycle: 8 are needed
/// when the data is in the first-level cache). `distance` asks for lines that many bytes ahead; 0 leaves it to the hardware.
///
/// The vectors are summed in chunks, which threads divide, and the sums of chunks one after the other: any number of threads gives the same bits.
///
/// Buffers: x, y, result (one float), partial (scratch: one float a chunk). Dimensions: n. Arguments: distance (bytes), threads.
enum Dot<let sums: Int, Vector: SIMD> where Vector.Scalar == Float {
    /// Floats of a chunk: as few as can be with the time to add up `sums` still small, so that many threads find work.
    @inline(__always)
    static var chunk: Int { 32768 }

    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let n = Int(call.pointee.dimensions[0])
        let distance = Int(call.pointee.arguments[0])
        let x = UnsafeRawPointer(call.pointee.buffers[0])
        let y = UnsafeRawPointer(call.pointee.buffers[1])
        let partial = call.pointee.buffers[3].assumingMemoryBound(to: Float.self)

        let own = share(n, granule: chunk, thread, of: Int(call.pointee.threads))
        var at = own.start
        while at < own.end {
            let count = min(chunk, own.end &- at)
            partial[at / chunk] = product(x + at &* 4, y + at &* 4, count &* 4, distance)
            at &+= chunk
        }
        kernel_barrier(call)
        if thread > 0 { return }
        var result: Float = 0
        for i in 0..<(n &+ chunk &- 1) / chunk { result += partial[i] }
        call.pointee.buffers[2].storeBytes(of: result, as: Float.self)
    }

    /// Σ x·y over one chunk of `bytes` / 4 values.
    @inline(__always)
    static func product(
        _ x: UnsafeRawPointer, _ y: UnsafeRawPointer, _ bytes: Int, _ distance: Int
    ) -> Float {
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
        while at &+ width <= bytes {
            sum = multiplyAdd(
                sum, x.loadUnaligned(fromByteOffset: at, as: Vector.self),
                y.loadUnaligned(fromByteOffset: at, as: Vector.self))
            at &+= width
        }
        var result = sum.sum()
        while at < bytes {
            result = multiplyAdd(
                result, x.loadUnaligned(fromByteOffset: at, as: Float.self),
                y.loadUnaligned(fromByteOffset: at, as: Float.self))
            at &+= 4
        }
        return result
    }
}
