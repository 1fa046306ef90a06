import CSIMD

/// C of two to four rows, from four rows of B at a time: their columns of A stay in registers, and sums pass by.
///
/// There is little between two lines of B, so that a processor looks far enough ahead to have more requests under way than memory answers at
/// full speed. `room` times 32 instructions keep them apart.
enum SgemmStream<let mr: Int, let room: Int, Vector: SIMD> where Vector.Scalar == Float {
    /// Rows of B.
    @inline(__always)
    static var depth: Int { 4 }

    /// All whole vectors of a block, `mr` rows high and a multiple of `depth` deep; returns the columns they have.
    @inline(never)
    static func multiply(_ block: SgemmBlock) -> Int {
        let lanes = Vector.scalarCount
        let columns = block.columns / lanes &* lanes
        let rowBytes = block.ldb &* 4
        var b = UnsafeRawPointer(block.b)
        // Sums lie vector after vector in scratch, or in C.
        var sums = (c: UnsafeMutableRawPointer(block.c), row: block.ldc &* 4, step: lanes &* 4)
        let c = sums
        if let partial = block.partial {
            sums = (UnsafeMutableRawPointer(partial), lanes &* 4, mr &* lanes &* 4)
        }
        var p = 0
        while p < block.depth {
            let isLast = p &+ depth == block.depth
            let ahead = isLast ? block.ahead.line : b + depth &* rowBytes
            for r in 0..<depth { simd_prefetch(ahead + (depth &+ r) &* rowBytes) }
            let target = isLast && block.isLast ? c : sums
            if block.isFirst, p == 0 {
                begin(block.a + p, block.lda, b, rowBytes, ahead, sums, target, columns)
            } else {
                add(block.a + p, block.lda, b, rowBytes, ahead, sums, target, columns)
            }
            b += depth &* rowBytes
            p &+= depth
        }
        return columns
    }

    /// Where a row of sums begins, bytes to the next row, and to the next vector.
    typealias Sums = (c: UnsafeMutableRawPointer, row: Int, step: Int)

    @inline(never)
    static func begin(
        _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafeRawPointer, _ rowBytes: Int,
        _ ahead: UnsafeRawPointer, _ sums: Sums, _ target: Sums, _ columns: Int
    ) {
        pass(a, lda, b, rowBytes, ahead, sums, target, columns, accumulates: false)
    }

    @inline(never)
    static func add(
        _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafeRawPointer, _ rowBytes: Int,
        _ ahead: UnsafeRawPointer, _ sums: Sums, _ target: Sums, _ columns: Int
    ) {
        pass(a, lda, b, rowBytes, ahead, sums, target, columns, accumulates: true)
    }

    @inline(__always)
    static func pass(
        _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafeRawPointer, _ rowBytes: Int,
        _ ahead: UnsafeRawPointer, _ sums: Sums, _ target: Sums, _ columns: Int, accumulates: Bool
    ) {
        var x = InlineArray<mr, InlineArray<4, Vector>>(repeating: .init(repeating: Vector()))
        for i in 0..<mr { for p in 0..<depth { x[i][p] = Vector(repeating: a[i &* lda &+ p]) } }
        var (earlier, c) = (sums.c, target.c)
        var at = 0
        while at < columns &* 4 {
            var r = 0
            while r < room {
                simd_take_room()
                r &+= 1
            }
            if at & 63 == 0 { for p in 0..<depth { simd_prefetch(ahead + (p &* rowBytes &+ at)) } }
            var y = InlineArray<4, Vector>(repeating: Vector())
            for p in 0..<depth {
                y[p] = b.loadUnaligned(fromByteOffset: p &* rowBytes &+ at, as: Vector.self)
            }
            for i in 0..<mr {
                var sum = Vector()
                if accumulates {
                    sum = earlier.loadUnaligned(fromByteOffset: i &* sums.row, as: Vector.self)
                }
                for p in 0..<depth { sum = multiplyAdd(sum, x[i][p], y[p]) }
                c.storeBytes(of: sum, toByteOffset: i &* target.row, as: Vector.self)
            }
            earlier += sums.step
            c += target.step
            at &+= Vector.scalarCount &* 4
        }
    }
}
