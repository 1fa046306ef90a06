import CSIMD

/// What one call of the innermost tile works on.
struct SgemmTile {
    /// Steps of k.
    var depth: Int
    /// Rows of A `lda` apart, or a packed panel.
    var a: UnsafePointer<Float>
    var lda: Int
    /// Rows of nr elements, `ldb` apart.
    var b: UnsafeRawPointer
    var ldb: Int
    var c: UnsafeMutablePointer<Float>
    var ldc: Int
    /// Whether C holds the sum over earlier k.
    var accumulate: Bool
}

/// The tiles of C that one thread computes, one after the other, with packing between them.
///
/// A walk and not loops around the tile, so that it is compiled once for all variants: it takes no part in how fast a tile is, and was
/// a third of what the compiler had to do.
struct SgemmWalk {
    /// What to multiply once `next` has said true.
    private(set) var tile: SgemmTile

    private let call: UnsafePointer<KernelCall>
    private let thread: Int
    private let mr: Int, nr: Int
    private let packsA: Bool, packsB: Bool
    private let m: Int, n: Int, k: Int
    private let lda: Int, ldb: Int, ldc: Int
    private let mc: Int, kc: Int, nc: Int
    private let a: UnsafePointer<Float>, b: UnsafePointer<Float>
    private let c: UnsafeMutablePointer<Float>
    /// Scratch: a packed block of B for all threads, and this thread's packed block of A and incomplete tile.
    private let packedB: UnsafeMutablePointer<Float>
    private let packedA: UnsafeMutablePointer<Float>
    private let incomplete: UnsafeMutablePointer<Float>

    // Place and size of the block of B, then of the block of C, then the place of the tile in it.
    private var pc = 0, jc = 0, depth = 0, columns = 0
    private var ic = 0, rows = 0
    private var i = 0, j = 0
    private var isIncomplete = false

    @inline(never)
    init(_ call: UnsafePointer<KernelCall>, _ thread: Int, mr: Int, nr: Int, packsA: Bool) {
        let d = call.pointee.dimensions
        let arguments = call.pointee.arguments
        let threads = Int(call.pointee.threads)
        (m, n, k) = (Int(d[0]), Int(d[1]), Int(d[2]))
        (lda, ldb, ldc) = (Int(d[3]), Int(d[4]), Int(d[5]))
        a = UnsafePointer(call.pointee.buffers[0].assumingMemoryBound(to: Float.self))
        b = UnsafePointer(call.pointee.buffers[1].assumingMemoryBound(to: Float.self))
        c = call.pointee.buffers[2].assumingMemoryBound(to: Float.self)
        (self.call, self.thread, self.mr, self.nr, self.packsA) = (call, thread, mr, nr, packsA)
        packsB = arguments[0] != 0
        // Blocks are whole tiles, no larger than the problem, and leave no thread without rows.
        let share = (m &+ threads &- 1) / threads
        mc = max(mr, min(Int(arguments[1]), share &+ mr &- 1) / mr &* mr)
        kc = max(1, min(Int(arguments[2]), k))
        nc = max(nr, min(Int(arguments[3]), n &+ nr &- 1) / nr &* nr)

        let work = sgemmAlign(call.pointee.buffers[3])
        let perThread = (mc &+ mr) &* kc &+ mr &* nr &+ 32
        let own = sgemmAlign(work + (nc &* kc &+ thread &* perThread) &* 4)
        packedB = work.assumingMemoryBound(to: Float.self)
        packedA = own.assumingMemoryBound(to: Float.self)
        incomplete = sgemmAlign(own + (mc &+ mr) &* kc &* 4).assumingMemoryBound(to: Float.self)
        tile = SgemmTile(
            depth: 0, a: a, lda: 0, b: UnsafeRawPointer(b), ldb: 0, c: c, ldc: 0,
            accumulate: false)
        // Before the first block of B: the next one starts at 0, 0.
        ic = m
    }

    /// Stores what the tile left outside C, goes to the next tile and packs what it needs; false after the last.
    @inline(never)
    mutating func next() -> Bool {
        if isIncomplete {
            sgemmCopyTile(
                incomplete, nr, c + ((ic &+ i) &* ldc &+ jc &+ j), ldc, min(mr, rows &- i),
                min(nr, columns &- j), pc > 0)
        }
        i &+= mr
        if i >= rows {
            i = 0
            j &+= nr
            if j >= columns {
                j = 0
                if !nextBlock() { return false }
            }
        }
        setTile()
        return true
    }

    /// Goes to the next block of C, and when there is none to the next block of B; false after the last.
    private mutating func nextBlock() -> Bool {
        ic &+= mc &* Int(call.pointee.threads)
        while ic >= m {
            if !nextBlockOfB() { return false }
            ic = thread &* mc
        }
        rows = min(mc, m &- ic)
        let block = a + (ic &* lda &+ pc)
        if packsA {
            sgemmPackA(block, lda, rows, depth, mr, packedA)
        } else {
            // Only the rows of the last, incomplete tile are copied (and padded with zeros).
            let whole = rows / mr &* mr
            sgemmPadA(block + whole &* lda, lda, rows &- whole, depth, mr, packedA)
        }
        return true
    }

    /// All threads go to the next block of B together, since none may pack over one that another still reads.
    private mutating func nextBlockOfB() -> Bool {
        if m == 0 || n == 0 { return false }
        if k == 0 {
            if thread == 0 { sgemmClear(c, m, n, ldc) }
            return false
        }
        if depth > 0 { kernel_barrier(call) }
        pc &+= depth
        if pc >= k {
            pc = 0
            jc &+= columns
        }
        if jc >= n { return false }
        depth = min(kc, k &- pc)
        columns = min(nc, n &- jc)
        sgemmPackB(
            b + (pc &* ldb &+ jc), ldb, depth, columns, nr, packsB, packedB, thread,
            Int(call.pointee.threads))
        kernel_barrier(call)
        return true
    }

    private mutating func setTile() {
        let isWide = j &+ nr <= columns
        isIncomplete = !isWide || i &+ mr > rows
        tile.depth = depth
        if packsA {
            (tile.a, tile.lda) = (UnsafePointer(packedA + i &* depth), 1)
        } else if i &+ mr <= rows {
            (tile.a, tile.lda) = (a + ((ic &+ i) &* lda &+ pc), lda)
        } else {
            (tile.a, tile.lda) = (UnsafePointer(packedA), depth)
        }
        if packsB || !isWide {
            (tile.b, tile.ldb) = (UnsafeRawPointer(packedB + j &* depth), nr)
        } else {
            (tile.b, tile.ldb) = (UnsafeRawPointer(b + (pc &* ldb &+ jc &+ j)), ldb)
        }
        if isIncomplete {
            (tile.c, tile.ldc) = (incomplete, nr)
        } else {
            (tile.c, tile.ldc) = (c + ((ic &+ i) &* ldc &+ jc &+ j), ldc)
        }
        tile.accumulate = !isIncomplete && pc > 0
    }
}
