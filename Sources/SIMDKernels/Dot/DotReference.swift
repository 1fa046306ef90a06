import CSIMD

/// The one value Σ x[i]·y[i], summed in double precision.
enum DotReference {
    static func row(
        _ call: UnsafePointer<KernelCall>, _ row: Int, _ out: UnsafeMutablePointer<Double>
    ) {
        let x = call.pointee.buffers[0].assumingMemoryBound(to: Float.self)
        let y = call.pointee.buffers[1].assumingMemoryBound(to: Float.self)
        var sum = 0.0
        for i in 0..<Int(call.pointee.dimensions[0]) { sum += Double(x[i]) * Double(y[i]) }
        out[0] = sum
    }
}
