// y = 2x + 1, with rows of y apart by dimension 2. Threads divide the rows.
import CSIMD

@_cdecl("variant") public func variant(_ call: UnsafePointer<KernelCall>, _ thread: Int64) {
    let rows = Int(call.pointee.dimensions[0])
    let columns = Int(call.pointee.dimensions[1])
    let stride = Int(call.pointee.dimensions[2])
    let x = call.pointee.buffers[0].assumingMemoryBound(to: Float.self)
    let y = call.pointee.buffers[1].assumingMemoryBound(to: Float.self)
    let threads = Int(call.pointee.threads)
    for row in 0..<rows where row % threads == Int(thread) {
        for column in 0..<columns {
            y[row * stride + column] = 2 * x[row * columns + column] + 1
        }
    }
    kernel_barrier(call)
}

@_cdecl("reference") public func reference(
    _ call: UnsafePointer<KernelCall>, _ row: Int64, _ out: UnsafeMutablePointer<Double>
) {
    let columns = Int(call.pointee.dimensions[1])
    let x = call.pointee.buffers[0].assumingMemoryBound(to: Float.self)
    for column in 0..<columns { out[column] = 2 * Double(x[Int(row) * columns + column]) + 1 }
}
