import CSIMD

/// Row r of the temperatures after one step, in double precision.
enum Stencil2DReference {
    static func row(
        _ call: UnsafePointer<KernelCall>, _ row: Int, _ out: UnsafeMutablePointer<Double>
    ) {
        let d = call.pointee.dimensions
        let rows = Int(d[0]), columns = Int(d[1])
        let grid = call.pointee.buffers[0].assumingMemoryBound(to: Float.self)
        let power = call.pointee.buffers[1].assumingMemoryBound(to: Float.self) + row * Int(d[3])
        let k = call.pointee.buffers[2].assumingMemoryBound(to: Float.self)
        let above = grid + max(row - 1, 0) * Int(d[2])
        let here = grid + row * Int(d[2])
        let below = grid + min(row + 1, rows - 1) * Int(d[2])
        for c in 0..<columns {
            let t = Double(here[c])
            let across = Double(here[max(c - 1, 0)]) + Double(here[min(c + 1, columns - 1)]) - 2 * t
            let along = Double(above[c]) + Double(below[c]) - 2 * t
            out[c] =
                t + Double(k[0]) * across + Double(k[1]) * along + Double(k[2]) * (80 - t)
                + Double(k[3]) * Double(power[c])
        }
    }
}
