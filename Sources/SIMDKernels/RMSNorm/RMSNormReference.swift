import CSIMD

/// Row r of the normalised matrix, in double precision.
enum RMSNormReference {
    static func row(
        _ call: UnsafePointer<KernelCall>, _ row: Int, _ out: UnsafeMutablePointer<Double>
    ) {
        let d = call.pointee.dimensions
        let x = call.pointee.buffers[0].assumingMemoryBound(to: Float.self) + row * Int(d[2])
        let weight = call.pointee.buffers[1].assumingMemoryBound(to: Float.self)
        var sum = 0.0
        for i in 0..<Int(d[1]) { sum += Double(x[i]) * Double(x[i]) }
        let scale = 1 / (sum / Double(d[1]) + 1e-6).squareRoot()
        for i in 0..<Int(d[1]) { out[i] = Double(x[i]) * scale * Double(weight[i]) }
    }
}
