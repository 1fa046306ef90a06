import CSIMD

/// Element i of b + 3·c, in double precision.
enum TriadReference {
    static func row(
        _ call: UnsafePointer<KernelCall>, _ row: Int, _ out: UnsafeMutablePointer<Double>
    ) {
        let b = call.pointee.buffers[0].assumingMemoryBound(to: Float.self)
        let c = call.pointee.buffers[1].assumingMemoryBound(to: Float.self)
        out[0] = Double(b[row]) + 3 * Double(c[row])
    }
}
