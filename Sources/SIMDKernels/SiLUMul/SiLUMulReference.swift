import CSIMD
import Glibc

/// Row r of silu(gate) · up, in double precision.
enum SiLUMulReference {
    static func row(
        _ call: UnsafePointer<KernelCall>, _ row: Int, _ out: UnsafeMutablePointer<Double>
    ) {
        let d = call.pointee.dimensions
        let gate = call.pointee.buffers[0].assumingMemoryBound(to: Float.self) + row * Int(d[2])
        let up = call.pointee.buffers[1].assumingMemoryBound(to: Float.self) + row * Int(d[3])
        for i in 0..<Int(d[1]) {
            let g = Double(gate[i])
            out[i] = g / (1 + exp(-g)) * Double(up[i])
        }
    }
}
