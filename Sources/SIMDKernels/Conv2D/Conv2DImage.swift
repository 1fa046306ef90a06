import CSIMD

/// The part of an image that one thread computes. Leading dimensions are in bytes.
struct Conv2DImage {
    let x: UnsafeRawPointer
    let y: UnsafeMutableRawPointer
    /// The filter column by column: what one column of x meets in neighbouring rows of y lies side by side.
    let filter: UnsafePointer<Float>
    let rows: Int, columns: Int
    let kh: Int, kw: Int
    let ldx: Int, ldy: Int
    let near: Int, far: Int
    let streams: Bool

    @inline(never)
    init(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let d = call.pointee.dimensions
        let own = share(Int(d[0]), granule: 1, thread, of: Int(call.pointee.threads))
        (rows, columns) = (own.end &- own.start, Int(d[1]))
        (kh, kw, ldx, ldy) = (Int(d[2]), Int(d[3]), Int(d[4]) &* 4, Int(d[5]) &* 4)
        x = UnsafeRawPointer(call.pointee.buffers[0]) + own.start &* ldx
        y = call.pointee.buffers[2] + own.start &* ldy
        (near, far) = (Int(call.pointee.arguments[1]), Int(call.pointee.arguments[2]))
        streams = call.pointee.arguments[3] != 0

        let given = call.pointee.buffers[1].assumingMemoryBound(to: Float.self)
        let turned =
            call.pointee.buffers[3].assumingMemoryBound(to: Float.self) + thread &* kh &* kw
        for i in 0..<kh {
            for j in 0..<kw { turned[j &* kh &+ i] = given[i &* kw &+ j] }
        }
        filter = UnsafePointer(turned)
    }

    /// For images narrower than a vector.
    @inline(__always)
    func convolveSingly() {
        for row in 0..<rows {
            for column in 0..<columns {
                var sum: Float = 0
                for i in 0..<kh {
                    let values = x + ((row &+ i) &* ldx &+ column &* 4)
                    for j in 0..<kw {
                        sum = multiplyAdd(
                            sum, values.loadUnaligned(fromByteOffset: j &* 4, as: Float.self),
                            filter[j &* kh &+ i])
                    }
                }
                (y + row &* ldy).storeBytes(of: sum, toByteOffset: column &* 4, as: Float.self)
            }
        }
    }
}
