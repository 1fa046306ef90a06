import CSIMD
import Glibc

/// Row r of the softmax, in double precision.
enum SoftmaxReference {
    static func row(
        _ call: UnsafePointer<KernelCall>, _ row: Int, _ out: UnsafeMutablePointer<Double>
    ) {
        let d = call.pointee.dimensions
        let n = Int(d[1])
        let x = call.pointee.buffers[0].assumingMemoryBound(to: Float.self) + row * Int(d[2])
        var largest = -Double.infinity
        for i in 0..<n { largest = max(largest, Double(x[i])) }
        var sum = 0.0
        for i in 0..<n {
            out[i] = exp(Double(x[i]) - largest)
            sum += out[i]
        }
        for i in 0..<n { out[i] /= sum }
    }
}
