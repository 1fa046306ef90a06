import CSIMD

/// Row i of C = A·B, products summed in double precision.
enum GemmBF16Reference {
    static func row(
        _ call: UnsafePointer<KernelCall>, _ row: Int, _ out: UnsafeMutablePointer<Double>
    ) {
        let d = call.pointee.dimensions
        let n = Int(d[1]), k = Int(d[2])
        let a = call.pointee.buffers[0].assumingMemoryBound(to: UInt16.self) + row * Int(d[3])
        let b = call.pointee.buffers[1].assumingMemoryBound(to: UInt16.self)
        for j in 0..<n { out[j] = 0 }
        for p in 0..<k {
            let x = value(a[p])
            let bRow = b + p * Int(d[4])
            for j in 0..<n { out[j] += x * value(bRow[j]) }
        }
    }

    /// A bfloat16 is the upper half of a float.
    private static func value(_ bits: UInt16) -> Double {
        Double(Float(bitPattern: UInt32(bits) << 16))
    }
}
