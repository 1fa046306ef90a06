import CSIMD

/// The part of a that one thread transposes, and where it goes. Leading dimensions are in bytes.
struct TransposeArea {
    var a: UnsafeRawPointer
    var b: UnsafeMutableRawPointer
    var rows: Int
    var columns: Int
    let lda: Int
    let ldb: Int

    /// Threads divide the longer side.
    init(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let d = call.pointee.dimensions
        let threads = Int(call.pointee.threads)
        (rows, columns, lda, ldb) = (Int(d[0]), Int(d[1]), Int(d[2]) &* 4, Int(d[3]) &* 4)
        a = UnsafeRawPointer(call.pointee.buffers[0])
        b = call.pointee.buffers[1]
        if rows >= columns {
            let own = share(rows, granule: 64, thread, of: threads)
            a += own.start &* lda
            b += own.start &* 4
            rows = own.end &- own.start
        } else {
            let own = share(columns, granule: 64, thread, of: threads)
            a += own.start &* 4
            b += own.start &* ldb
            columns = own.end &- own.start
        }
    }

    /// Address of a[row][column], and of its place in b.
    @inline(__always)
    func source(_ row: Int, _ column: Int) -> UnsafeRawPointer {
        a + (row &* lda &+ column &* 4)
    }

    @inline(__always)
    func destination(_ row: Int, _ column: Int) -> UnsafeMutableRawPointer {
        b + (column &* ldb &+ row &* 4)
    }

    /// For what is smaller than any square.
    @inline(__always)
    func transposeSingly() {
        for row in 0..<rows {
            for column in 0..<columns {
                destination(row, column).storeBytes(
                    of: source(row, column).loadUnaligned(as: Float.self), as: Float.self)
            }
        }
    }
}
