import CSIMD

/// Row r of the convolution, products summed in double precision.
enum Conv2DReference {
    static func row(
        _ call: UnsafePointer<KernelCall>, _ row: Int, _ out: UnsafeMutablePointer<Double>
    ) {
        let d = call.pointee.dimensions
        let columns = Int(d[1]), kh = Int(d[2]), kw = Int(d[3]), ldx = Int(d[4])
        let x = call.pointee.buffers[0].assumingMemoryBound(to: Float.self)
        let filter = call.pointee.buffers[1].assumingMemoryBound(to: Float.self)
        for c in 0..<columns { out[c] = 0 }
        for i in 0..<kh {
            for j in 0..<kw {
                let weight = Double(filter[i * kw + j])
                let values = x + ((row + i) * ldx + j)
                for c in 0..<columns { out[c] += Double(values[c]) * weight }
            }
        }
    }
}
