import CSIMD

/// y[i] = 2·x[i] + 1.
enum Scale<let unroll: Int, Vector: SIMD> where Vector.Scalar == Float {
    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let n = Int(call.pointee.dimensions[0])
        let block = Int(call.pointee.arguments[0])
        let x = UnsafeRawPointer(call.pointee.buffers[0])
        let y = call.pointee.buffers[1]
        let width = Vector.scalarCount &* 4
        var start = 0
        while start < n {
            let end = min(start &+ block, n) &* 4
            var offset = start &* 4
            while offset &+ width &* unroll <= end {
                for u in 0..<unroll {
                    let at = offset &+ u &* width
                    let value = x.loadUnaligned(fromByteOffset: at, as: Vector.self)
                    y.storeBytes(of: value * 2 + 1, toByteOffset: at, as: Vector.self)
                }
                offset &+= width &* unroll
            }
            while offset < end {
                let value = x.loadUnaligned(fromByteOffset: offset, as: Float.self)
                y.storeBytes(of: value * 2 + 1, toByteOffset: offset, as: Float.self)
                offset &+= 4
            }
            start &+= block
        }
    }
}
