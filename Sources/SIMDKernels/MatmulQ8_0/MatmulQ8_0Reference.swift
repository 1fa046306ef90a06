import CSIMD

/// Row i of y = x·Wᵀ with the weights as their blocks say and x as it is, in double precision.
enum MatmulQ8_0Reference {
    static func row(
        _ call: UnsafePointer<KernelCall>, _ row: Int, _ out: UnsafeMutablePointer<Double>
    ) {
        let d = call.pointee.dimensions
        let n = Int(d[1]), k = Int(d[2])
        let x = call.pointee.buffers[0].assumingMemoryBound(to: Float.self) + row * Int(d[3])
        var block = UnsafeRawPointer(call.pointee.buffers[1])
        for j in 0..<n {
            out[j] = 0
            var start = 0
            while start < k {
                let quants = (block + 2).assumingMemoryBound(to: Int8.self)
                var sum = 0.0
                for i in 0..<min(32, k - start) { sum += Double(x[start + i]) * Double(quants[i]) }
                out[j] += sum * scale(block)
                start += 32
                block += 34
            }
        }
    }

    /// A float16 as a double: its exponent and fraction in a float's places are 2¹¹² times too small.
    private static func scale(_ block: UnsafeRawPointer) -> Double {
        let bits = UInt32(block.loadUnaligned(as: UInt16.self))
        let magnitude = Double(Float(bitPattern: (bits & 0x7FFF) << 13)) * 0x1p112
        return bits & 0x8000 == 0 ? magnitude : -magnitude
    }
}
