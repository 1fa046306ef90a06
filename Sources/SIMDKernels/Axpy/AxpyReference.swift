import CSIMD

/// Element i of a·x + y, in double precision.
enum AxpyReference {
    static func row(
        _ call: UnsafePointer<KernelCall>, _ row: Int, _ out: UnsafeMutablePointer<Double>
    ) {
        let a = call.pointee.buffers[0].assumingMemoryBound(to: Float.self)
        let x = call.pointee.buffers[1].assumingMemoryBound(to: Float.self)
        let y = call.pointee.buffers[2].assumingMemoryBound(to: Float.self)
        out[0] = Double(a[0]) * Double(x[row]) + Double(y[row])
    }
}
