import CSIMD

/// Transpose of a matrix of floats, b[j][i] = a[i][j]: a is rows × columns, b is columns × rows.
///
/// The matrix is divided in strips of `strip` columns, each walked down in blocks, from left to right in each row of blocks. A narrow strip keeps few
/// pages of b open, a wide one reads longer runs of a. Within a block squares are transposed in registers.
///
/// Memory likes to be written in long runs, while a square gives one line for each of many rows of b. With `stream` 1 squares therefore go to a
/// buffer, and from there, while the next block is transposed into a second buffer, past the caches to b. That needs rows of b that are all
/// aligned alike, ldb being a multiple of the lanes; else, and for what is less than a block, squares go straight to b. A processor that looks far
/// ahead would ask memory for lines of the next squares before it is done with those at hand: `room` keeps it from that.
///
/// Buffers: a, b, buffer (scratch). Dimensions: rows, columns, lda, ldb (elements).
/// Arguments: strip, ahead (blocks from the one at hand to the one prefetched, 0 for none), stream (0 or 1), threads.
enum Transpose<let height: Int, let width: Int, let room: Int, Vector: SIMD>
where Vector.Scalar == Float {
    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let lanes = Vector.scalarCount
        let area = TransposeArea(call, thread)
        if area.rows < lanes || area.columns < lanes { return area.transposeSingly() }
        var walk = TransposeWalk<height, width, room, Vector>(
            area: area, strip: Int(call.pointee.arguments[0]),
            ahead: Int(call.pointee.arguments[1]), buffer: call.pointee.buffers[2], thread)
        if call.pointee.arguments[2] != 0 && area.ldb & (lanes &* 4 &- 1) == 0 {
            walk.transpose(streams: true)
        } else {
            walk.transpose(streams: false)
        }
    }
}
