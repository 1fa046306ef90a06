import CSIMD

/// What one call of the innermost loops works on. Distances are in bytes.
struct GroupedTile {
    /// Groups along k.
    var depth: Int
    /// The first group of A, and the distance between its rows.
    var a: UnsafeRawPointer
    var aRow: Int
    /// A packed panel of B, or the first of `panels` side by side, in rows `ldb` apart.
    var b: UnsafeRawPointer
    var isPacked: Bool
    var panels: Int
    var ldb: Int
    /// How far ahead along rows of B in place to prefetch, 0 for not at all.
    var ahead: Int
    var c: UnsafeMutableRawPointer
    var ldc: Int
    /// Whether C holds the sum over earlier k.
    var accumulates: Bool
}

/// The loops round the tile: blocks of B, nc columns wide and kc deep, packed or in place, and for each, blocks of mc rows of A.
///
/// Each thread has columns of its own, or rows where there are fewer panels than threads, and packs for itself: no thread waits for another.
/// Compiled once for all variants of a vector, since it takes no part in how fast a tile is; generic only so that a batch takes it from the
/// module of these sources.
struct GroupedWalk<Vector: SIMD> {
    private let element: GroupedElement
    private let mr: Int, nr: Int
    private let packsA: Bool, packsB: Bool
    private let k: Int
    private let lda: Int, ldb: Int, ldc: Int
    private let mc: Int, kc: Int, nc: Int
    private let ahead: Int
    private let a: UnsafeRawPointer, b: UnsafeRawPointer
    private let c: UnsafeMutableRawPointer
    /// Rows and columns of C that are this thread's.
    private let rows: Range<Int>, columns: Range<Int>
    /// Scratch of this thread: a packed block of B, one of A, and an incomplete tile.
    private let packedB: UnsafeMutableRawPointer
    private let packedA: UnsafeMutableRawPointer
    private let packedRow: Int
    private let incomplete: UnsafeMutableRawPointer

    @inline(never)
    init(
        _ call: UnsafePointer<KernelCall>, _ thread: Int, _ element: GroupedElement, mr: Int,
        nr: Int
    ) {
        let d = call.pointee.dimensions
        let arguments = call.pointee.arguments
        let threads = Int(call.pointee.threads)
        let m = Int(d[0]), n = Int(d[1])
        (self.element, self.mr, self.nr) = (element, mr, nr)
        k = Int(d[2])
        (lda, ldb, ldc) = (Int(d[3]) &* element.size, Int(d[4]) &* element.size, Int(d[5]) &* 4)
        packsA = arguments[0] != 0
        packsB = arguments[1] != 0
        // Blocks are whole tiles and, but for the last, whole groups (of four at most), no larger than the problem.
        mc = max(mr, min(Int(arguments[2]), m &+ mr &- 1) / mr &* mr)
        kc = max(4, min(Int(arguments[3]), k &+ 3) / 4 &* 4)
        nc = max(nr, min(Int(arguments[4]), n &+ nr &- 1) / nr &* nr)
        ahead = Int(arguments[5])
        a = UnsafeRawPointer(call.pointee.buffers[0])
        b = UnsafeRawPointer(call.pointee.buffers[1])
        c = call.pointee.buffers[2]
        let panels = (n &+ nr &- 1) / nr
        if panels >= threads {
            let share = (panels &+ threads &- 1) / threads &* nr
            columns = min(thread &* share, n)..<min((thread &+ 1) &* share, n)
            rows = 0..<m
        } else {
            let share = ((m &+ mr &- 1) / mr &+ threads &- 1) / threads &* mr
            columns = 0..<n
            rows = min(thread &* share, m)..<min((thread &+ 1) &* share, m)
        }
        let groups = kc / element.group
        let work = alignToLine(call.pointee.buffers[3])
        // An odd number of lines, so that the rows of a tile lie in different sets of the cache.
        packedRow = ((groups &* 4 &+ 63) / 64 | 1) &* 64
        let bytesOfA = mc &* packedRow
        let perThread = nc &* groups &* 4 &+ bytesOfA &+ mr &* nr &* 4 &+ 192
        packedB = alignToLine(work + thread &* perThread)
        packedA = alignToLine(packedB + nc &* groups &* 4)
        incomplete = alignToLine(packedA + bytesOfA)
    }

    /// Calls `multiply` for every tile.
    @inline(never)
    func run(_ multiply: (GroupedTile) -> Void) {
        if rows.isEmpty || columns.isEmpty { return }
        if k == 0 { clear() }
        var jc = columns.lowerBound
        while jc < columns.upperBound {
            let width = min(nc, columns.upperBound &- jc)
            var pc = 0
            while pc < k {
                // Where B stays in place, what whole groups leave of k is a block of its own, packed with zeros.
                var depth = min(kc, k &- pc)
                let packs = packsB || depth < element.group
                if !packs { depth &-= depth % element.group }
                let inPlace = packs ? 0 : width / nr &* nr
                block(Block(jc: jc, width: width, inPlace: inPlace, pc: pc, depth: depth), multiply)
                pc &+= depth
            }
            jc &+= nc
        }
    }

    /// A block of B: `width` columns from `jc` on, of which the first `inPlace` are not packed, and `depth` rows from `pc` on.
    private struct Block {
        var jc: Int, width: Int, inPlace: Int
        var pc: Int, depth: Int
    }

    /// A block of B times all rows of A.
    private func block(_ block: Block, _ multiply: (GroupedTile) -> Void) {
        let start = b + (block.pc &* ldb &+ block.jc &* element.size)
        GroupedPacking<Vector>.packGroupsOfB(
            element, start + block.inPlace &* element.size, ldb, block.depth,
            block.width &- block.inPlace, nr, ahead, packedB)
        let depth = (block.depth &+ element.group &- 1) / element.group
        var tile = GroupedTile(
            depth: depth, a: a, aRow: 0, b: start, isPacked: false, panels: block.inPlace / nr,
            ldb: ldb, ahead: ahead, c: c, ldc: ldc, accumulates: block.pc > 0)
        var ic = rows.lowerBound
        while ic < rows.upperBound {
            let height = min(mc, rows.upperBound &- ic)
            let blockOfA = packBlockOfA(ic, height, block.pc, block.depth)
            let corner = c + (ic &* ldc &+ block.jc &* 4)
            if block.inPlace > 0 {
                var i = 0
                while i < height {
                    (tile.a, tile.aRow) = blockOfA.tile(i)
                    tile.c = corner + i &* ldc
                    if i &+ mr <= height {
                        multiply(tile)
                    } else {
                        multiplyPanels(tile, height &- i, multiply)
                    }
                    i &+= mr
                }
            }
            multiplyPacked(tile, blockOfA, height, corner, block, multiply)
            ic &+= mc
        }
    }

    /// The columns of a block that are packed: a panel stays in the first-level cache while the rows of A go by.
    private func multiplyPacked(
        _ sample: GroupedTile, _ blockOfA: BlockOfA, _ height: Int,
        _ corner: UnsafeMutableRawPointer, _ block: Block, _ multiply: (GroupedTile) -> Void
    ) {
        var tile = sample
        tile.isPacked = true
        var j = block.inPlace
        while j < block.width {
            tile.b = UnsafeRawPointer(packedB + (j &- block.inPlace) &* tile.depth &* 4)
            var i = 0
            while i < height {
                (tile.a, tile.aRow) = blockOfA.tile(i)
                tile.c = corner + (i &* ldc &+ j &* 4)
                if i &+ mr <= height && j &+ nr <= block.width {
                    multiply(tile)
                } else {
                    multiplyPart(
                        tile, min(mr, height &- i), min(nr, block.width &- j), multiply)
                }
                i &+= mr
            }
            j &+= nr
        }
    }

    /// Panels in place of a tile that has only `rows` rows.
    private func multiplyPanels(
        _ sample: GroupedTile, _ rows: Int, _ multiply: (GroupedTile) -> Void
    ) {
        var tile = sample
        tile.panels = 1
        for _ in 0..<sample.panels {
            multiplyPart(tile, rows, nr, multiply)
            tile.b += nr &* element.size
            tile.c += nr &* 4
        }
    }

    /// A tile of which only `rows` × `columns` lie in C.
    private func multiplyPart(
        _ sample: GroupedTile, _ rows: Int, _ columns: Int, _ multiply: (GroupedTile) -> Void
    ) {
        var tile = sample
        (tile.c, tile.ldc) = (incomplete, nr &* 4)
        if tile.accumulates {
            GroupedPacking<Vector>.copyRows(sample.c, ldc, rows, columns &* 4, incomplete, nr &* 4)
        }
        multiply(tile)
        GroupedPacking<Vector>.copyRows(incomplete, nr &* 4, rows, columns &* 4, sample.c, ldc)
    }

    /// C = 0: the product over an empty k.
    private func clear() {
        for i in rows {
            let row = c + i &* ldc
            for j in columns { row.storeBytes(of: 0, toByteOffset: j &* 4, as: UInt32.self) }
        }
    }

    // MARK: - A

    /// Where the rows of a block of A are: in place up to row `copied`, from there on in scratch.
    private struct BlockOfA {
        var inPlace: UnsafeRawPointer, inPlaceRow: Int
        var copied: Int
        var scratch: UnsafeRawPointer, scratchRow: Int

        /// Row i, and the distance to the next.
        func tile(_ i: Int) -> (UnsafeRawPointer, Int) {
            i < copied
                ? (inPlace + i &* inPlaceRow, inPlaceRow)
                : (scratch + (i &- copied) &* scratchRow, scratchRow)
        }
    }

    /// Copies the rows that cannot or shall not be read in place: all, or those of a last tile that has too few.
    private func packBlockOfA(_ ic: Int, _ height: Int, _ pc: Int, _ depth: Int) -> BlockOfA {
        let start = a + (ic &* lda &+ pc &* element.size)
        let readsInPlace = !packsA && element.isNative && depth % element.group == 0
        let copied = readsInPlace ? height / mr &* mr : 0
        if copied < height {
            GroupedPacking<Vector>.packRowsOfA(
                element, start + copied &* lda, lda, height &- copied, depth,
                (height &- copied &+ mr &- 1) / mr &* mr, packedA, packedRow)
        }
        return BlockOfA(
            inPlace: start, inPlaceRow: lda, copied: copied, scratch: UnsafeRawPointer(packedA),
            scratchRow: packedRow)
    }
}
