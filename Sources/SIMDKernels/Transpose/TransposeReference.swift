import CSIMD

/// Row i of the transpose: column i of a.
enum TransposeReference {
    static func row(
        _ call: UnsafePointer<KernelCall>, _ row: Int, _ out: UnsafeMutablePointer<Double>
    ) {
        let d = call.pointee.dimensions
        let a = call.pointee.buffers[0].assumingMemoryBound(to: Float.self)
        for i in 0..<Int(d[0]) { out[i] = Double(a[i * Int(d[2]) + row]) }
    }
}
