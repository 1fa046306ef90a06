import CSIMD

/// The blocks of C that one thread computes, one after the other, with the packing of A between them.
///
/// Columns in blocks of nc, in each k in blocks of kc, in each rows in blocks of mc. A walk and not loops around the tile, so that it is
/// compiled once for all variants of a vector; generic only so that a batch takes it from the module of these sources.
struct SgemmWalk<Vector: SIMD> {
    /// What to multiply once `next` has said true.
    private(set) var block: SgemmBlock

    private let mr: Int, nr: Int
    private let packsA: Bool
    private let fetchedLines: Int
    private let endsWithPages: Bool
    private let k: Int
    private let mc: Int, kc: Int, nc: Int
    private let a: UnsafePointer<Float>, b: UnsafePointer<Float>
    private let c: UnsafeMutablePointer<Float>
    private let packedA: UnsafeMutablePointer<Float>
    private let lastRows: UnsafeMutablePointer<Float>
    // This thread's part of C.
    private let rowStart: Int, rowEnd: Int, columnEnd: Int
    // The block's place.
    private var ic: Int, jc: Int, pc = 0

    @inline(never)
    init(
        _ call: UnsafePointer<KernelCall>, _ thread: Int, mr: Int, nr: Int, packsA: Bool,
        fetchedLines: Int, endsWithPages: Bool
    ) {
        let d = call.pointee.dimensions
        let arguments = call.pointee.arguments
        let m = Int(d[0]), n = Int(d[1])
        k = Int(d[2])
        a = UnsafePointer(call.pointee.buffers[0].assumingMemoryBound(to: Float.self))
        b = UnsafePointer(call.pointee.buffers[1].assumingMemoryBound(to: Float.self))
        c = call.pointee.buffers[2].assumingMemoryBound(to: Float.self)
        (self.mr, self.nr, self.packsA) = (mr, nr, packsA)
        (self.fetchedLines, self.endsWithPages) = (fetchedLines, endsWithPages)

        // Shares are whole tiles high and whole cache lines wide.
        let threads = Int(call.pointee.threads)
        let groups = min(Int(arguments[5]), threads)
        let teams = threads / groups
        let share = Self.roundUp(Self.divideUp(m, groups), mr)
        let width = Self.roundUp(Self.divideUp(n, teams), SgemmTile.line)
        rowStart = min(m, thread % groups &* share)
        rowEnd = min(m, rowStart &+ share)
        jc = min(n, thread / groups &* width)
        // Threads beyond the last whole group have no part.
        columnEnd = thread / groups < teams ? min(n, jc &+ width) : jc
        ic = rowStart

        // Blocks are whole tiles high and no larger than the problem.
        mc = max(mr, min(Int(arguments[2]) / mr &* mr, Self.roundUp(m, mr)))
        kc = max(1, min(Int(arguments[3]), k))
        nc = max(1, min(Int(arguments[4]), n))

        let depth = Self.roundUp(kc, SgemmTile.line)
        let (packsB, keepsSums) = (arguments[0] == 1, arguments[1] == 1)
        let sizeA = (packsA ? mc : mr) &* depth
        let sizeB = packsB ? depth &* nr : 0
        let sizeC = keepsSums ? mc &* (nc &+ nr) : 0
        // As in the manifest.
        let size = Self.roundUp(sizeA &+ sizeB &+ sizeC, SgemmTile.line)
        let own =
            sgemmAlign(call.pointee.buffers[3]).assumingMemoryBound(to: Float.self)
            + thread &* size
        (packedA, lastRows) = (own, own)
        block = SgemmBlock(
            depth: 0, rows: 0, columns: 0, a: a, lda: Int(d[3]), lastRows: UnsafePointer(own),
            b: b, ldb: Int(d[4]), c: c, ldc: Int(d[5]), column: 0, isFirst: true, isLast: true,
            packedB: packsB ? own + sizeA : nil,
            // More rows than a block has would need more of them.
            partial: keepsSums && rowEnd &- rowStart <= mc ? own + (sizeA &+ sizeB) : nil,
            paddedRows: 0, ahead: SgemmAhead(nothing: b))
    }

    @inline(__always)
    private static func divideUp(_ x: Int, _ y: Int) -> Int { (x &+ y &- 1) / y }

    @inline(__always)
    private static func roundUp(_ x: Int, _ y: Int) -> Int { divideUp(x, y) &* y }

    /// Goes to the next block and packs what it needs of A; false after the last.
    @inline(never)
    mutating func next() -> Bool {
        if block.rows == 0 {
            if rowStart >= rowEnd || jc >= columnEnd { return false }
        } else {
            ic &+= block.rows
            if ic >= rowEnd {
                ic = rowStart
                pc &+= block.depth
                if pc >= k {
                    pc = 0
                    jc &+= block.columns
                }
            }
            if jc >= columnEnd { return false }
        }
        setBlock()
        return true
    }

    private mutating func setBlock() {
        block.rows = min(mc, rowEnd &- ic)
        block.columns = columns(from: jc)
        block.column = jc
        block.depth = min(kc, k &- pc)
        block.isFirst = pc == 0
        block.isLast = pc &+ block.depth == k
        block.b = b + (pc &* block.ldb &+ jc)
        block.c = c + (ic &* block.ldc &+ jc)
        block.paddedRows = Self.roundUp(block.rows, mr)
        let rows = a + (ic &* block.lda &+ pc)
        if packsA {
            block.a = UnsafePointer(packedA)
            SgemmPacking<Vector>.packA(rows, block.lda, block.rows, block.depth, mr, packedA)
        } else {
            block.a = rows
            let whole = block.rows / mr &* mr
            SgemmPacking<Vector>.padA(
                rows + whole &* block.lda, block.lda, block.rows &- whole, block.depth, mr,
                lastRows)
        }
        if fetchedLines > 0 { setAhead(rows) }
    }

    /// How many columns the block that begins with `column` has.
    ///
    /// Where memory is all that is waited for, and rows of B begin alike in their pages, the first block ends with a page, so that those after it
    /// have whole pages: allocators rarely begin a matrix with a page, and to open twice as many costs a tenth. No block is left with a panel only.
    @inline(__always)
    private func columns(from column: Int) -> Int {
        let left = columnEnd &- column
        if left <= nc { return left }
        if !endsWithPages || block.ldb &* 4 & 4095 != 0 { return nc }
        let whole = nc &- (Int(bitPattern: b + column) & 4095) / 4
        return left &- whole <= nr ? left : whole
    }

    /// Has the block prefetch the next block of B, and prefetches the next columns of A.
    private mutating func setAhead(_ rows: UnsafePointer<Float>) {
        block.ahead = SgemmAhead(nothing: b)
        // Another block of the same rows of B follows.
        if ic &+ block.rows < rowEnd { return }
        let tiles = block.paddedRows / mr
        let step = min(64, Self.divideUp(nr &* 4, tiles &* fetchedLines))
        if !block.isLast {
            SgemmPacking<Vector>.prefetch(
                rows + block.depth, block.lda, block.rows, min(kc, k &- pc &- block.depth))
            block.ahead = SgemmAhead(
                block.b + block.depth &* block.ldb, block.ldb, columns: block.columns, step: step)
        } else if jc &+ block.columns < columnEnd {
            block.ahead = SgemmAhead(
                b + (jc &+ block.columns), block.ldb,
                columns: columns(from: jc &+ block.columns), step: step)
        }
    }
}
