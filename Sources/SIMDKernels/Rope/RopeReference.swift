import CSIMD

/// The heads of one token, turned in double precision.
enum RopeReference {
    static func row(
        _ call: UnsafePointer<KernelCall>, _ row: Int, _ out: UnsafeMutablePointer<Double>
    ) {
        let d = call.pointee.dimensions
        let half = Int(d[2])
        let x = call.pointee.buffers[0].assumingMemoryBound(to: Float.self) + row * Int(d[3])
        let cos = call.pointee.buffers[1].assumingMemoryBound(to: Float.self) + row * Int(d[5])
        let sin = call.pointee.buffers[2].assumingMemoryBound(to: Float.self) + row * Int(d[5])
        for head in 0..<Int(d[1]) {
            let first = head * 2 * half
            for i in 0..<half {
                let (a, b) = (Double(x[first + i]), Double(x[first + half + i]))
                let (c, s) = (Double(cos[i]), Double(sin[i]))
                out[first + i] = a * c - b * s
                out[first + half + i] = b * c + a * s
            }
        }
    }
}
