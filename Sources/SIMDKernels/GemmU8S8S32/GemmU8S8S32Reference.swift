import CSIMD

/// Row i of C = A·B. Exact: sums stay far below 2⁵³.
enum GemmU8S8S32Reference {
    static func row(
        _ call: UnsafePointer<KernelCall>, _ row: Int, _ out: UnsafeMutablePointer<Double>
    ) {
        let d = call.pointee.dimensions
        let n = Int(d[1]), k = Int(d[2])
        let a = call.pointee.buffers[0].assumingMemoryBound(to: UInt8.self) + row * Int(d[3])
        let b = call.pointee.buffers[1].assumingMemoryBound(to: Int8.self)
        for j in 0..<n { out[j] = 0 }
        for p in 0..<k {
            let x = Double(a[p])
            let bRow = b + p * Int(d[4])
            for j in 0..<n { out[j] += x * Double(bRow[j]) }
        }
    }
}
