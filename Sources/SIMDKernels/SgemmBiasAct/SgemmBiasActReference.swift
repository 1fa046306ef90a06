import CSIMD
import Glibc

/// Row i of f(A·B + bias), in double precision.
enum SgemmBiasActReference {
    static func row(
        _ call: UnsafePointer<KernelCall>, _ row: Int, _ out: UnsafeMutablePointer<Double>
    ) {
        let d = call.pointee.dimensions
        let n = Int(d[1])
        let a = call.pointee.buffers[0].assumingMemoryBound(to: Float.self) + row * Int(d[3])
        let b = call.pointee.buffers[1].assumingMemoryBound(to: Float.self)
        let bias = call.pointee.buffers[4].assumingMemoryBound(to: Float.self)
        for j in 0..<n { out[j] = Double(bias[j]) }
        for p in 0..<Int(d[2]) {
            let x = Double(a[p])
            let bRow = b + p * Int(d[4])
            for j in 0..<n { out[j] += x * Double(bRow[j]) }
        }
        for j in 0..<n { out[j] = activated(out[j], d[6]) }
    }

    static func activated(_ x: Double, _ activation: Int64) -> Double {
        switch activation {
        case 0: x
        case 1: x / (1 + exp(-x))
        default: x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        }
    }
}
