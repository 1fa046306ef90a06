import CSIMD

/// Root-mean-square normalisation of each row: y = x / √(mean(x²) + ε) · weight, ε = 10⁻⁶ (Zhang and Sennrich, 2019).
///
/// Buffers: x, weight, y. Dimensions: rows, n, ldx, ldy (elements). Arguments: distance (bytes to prefetch x ahead, 0 for none).
enum RMSNorm<let unroll: Int, Vector: SIMD> where Vector.Scalar == Float {
    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let d = call.pointee.dimensions
        let distance = Int(call.pointee.arguments[0])
        let weight = UnsafeRawPointer(call.pointee.buffers[1])
        for row in 0..<Int(d[0]) {
            let x = UnsafeRawPointer(call.pointee.buffers[0]) + row &* Int(d[2]) &* 4
            let y = call.pointee.buffers[2] + row &* Int(d[3]) &* 4
            let sum = squares(x, Int(d[1]) &* 4, distance)
            let scale = 1 / simd_sqrt(sum / Float(d[1]) + 1e-6)
            apply(x, weight, y, Int(d[1]) &* 4, scale)
        }
    }

    /// Σ x² over `bytes` / 4 values, in `unroll` independent sums.
    @inline(__always)
    static func squares(_ x: UnsafeRawPointer, _ bytes: Int, _ distance: Int) -> Float {
        let width = Vector.scalarCount &* 4
        var sums = InlineArray<unroll, Vector>(repeating: Vector())
        var at = 0
        while at &+ unroll &* width <= bytes {
            if distance > 0 {
                for u in 0..<unroll where u &* width & 63 == 0 {
                    simd_prefetch(x + (at &+ u &* width &+ distance))
                }
            }
            for u in 0..<unroll {
                let value = x.loadUnaligned(fromByteOffset: at &+ u &* width, as: Vector.self)
                sums[u] = multiplyAdd(sums[u], value, value)
            }
            at &+= unroll &* width
        }
        var all = sums[0]
        for u in 1..<max(unroll, 1) { all += sums[u] }
        var sum = all.sum()
        while at < bytes {
            let value = x.loadUnaligned(fromByteOffset: at, as: Float.self)
            sum = multiplyAdd(sum, value, value)
            at &+= 4
        }
        return sum
    }

    /// y = x · scale · weight.
    @inline(__always)
    static func apply(
        _ x: UnsafeRawPointer, _ weight: UnsafeRawPointer, _ y: UnsafeMutableRawPointer,
        _ bytes: Int, _ scale: Float
    ) {
        let width = Vector.scalarCount &* 4
        var at = 0
        while at &+ unroll &* width <= bytes {
            for u in 0..<unroll {
                let offset = at &+ u &* width
                let value = x.loadUnaligned(fromByteOffset: offset, as: Vector.self)
                let w = weight.loadUnaligned(fromByteOffset: offset, as: Vector.self)
                y.storeBytes(of: value * scale * w, toByteOffset: offset, as: Vector.self)
            }
            at &+= unroll &* width
        }
        while at < bytes {
            let value = x.loadUnaligned(fromByteOffset: at, as: Float.self)
            let w = weight.loadUnaligned(fromByteOffset: at, as: Float.self)
            y.storeBytes(of: value * scale * w, toByteOffset: at, as: Float.self)
            at &+= 4
        }
    }
}
