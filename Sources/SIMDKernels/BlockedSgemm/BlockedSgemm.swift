import CSIMD

/// The loops of `Sgemm`: C = f(A·B), where f is what `Epilogue` does to elements of C once their sums are complete.
///
/// The innermost tile holds `mr` rows of `nv` vectors of C in registers, reads B a row of vectors at a time and A by broadcasts. What is
/// around it decides for which shapes it is fast, and is in the parameters:
///
/// - Large (Goto and van de Geijn, 2008): blocks of kc steps and mc rows, so that a panel of B, nr = nv · lanes columns wide, stays in the
///   first-level cache while rows of A come from the second. `packb` 1 has the first tile of each panel of B leave a packed copy for the
///   tiles below it, which costs it three stores in twelve cycles. `packa` 1 copies rows of A, a cache line of each row after the other,
///   as is needed where rows are a power of two apart and collide in the cache.
/// - Few rows: B comes from memory and is read once; kc is 4 to 64 and the tile walks along n, so that B is read row by row. Every step of k
///   prefetches `fetch` cache lines of the next kc rows, in the order of memory. Until the last kc rows `packc` 1 keeps the sums in scratch:
///   rows of C are often a multiple of 4 KiB apart and then fall into the same lines of the cache.
///   With `unroll` 4 two to four rows are streamed instead (`SgemmStream`).
/// - Small: what needs no packing and fits the blocks is multiplied tile by tile with nothing around (`SgemmWhole`).
/// - Tall: as large, with a tile as wide as n.
///
/// Threads divide rows into `groups` and columns among the threads of a group. Each has its own blocks and scratch: none waits for another.
///
/// Buffers: a, b, c, work (scratch), then the epilogue's. Dimensions: m, n, k, lda, ldb, ldc (elements), then the epilogue's.
/// Arguments: packb, packc, mc, kc, nc, groups, threads.
enum BlockedSgemm<
    let mr: Int, let nv: Int, let unroll: Int, let packa: Int, let fetch: Int, Vector: SIMD,
    Epilogue: SgemmEpilogue
> where Vector.Scalar == Float {
    typealias Sums = InlineArray<mr, InlineArray<nv, Vector>>

    /// Columns of the tile.
    @inline(__always)
    static var nr: Int { nv &* Vector.scalarCount }

    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        if packa == 0, fetch == 0, let whole = SgemmWhole(call, mr: mr) {
            multiply(whole, Epilogue(call))
        } else {
            walk(call, thread)
        }
    }

    /// All of C, if that is one block: of the smallest products a walk would be most of the time.
    @inline(__always)
    static func multiply(_ whole: SgemmWhole, _ epilogue: Epilogue) {
        var tile = whole.tile
        tile.height = mr
        var j = 0
        while j < whole.columns {
            let isNarrow = j &+ nr > whole.columns
            tile.width = isNarrow ? min(Vector.scalarCount, whole.columns &- j) : nr
            (tile.a, tile.b, tile.c) = (whole.tile.a, whole.tile.b + j &* 4, whole.tile.c + j)
            var rows = whole.rows
            while rows > 0 {
                if isNarrow {
                    BlockedSgemm<mr, 1, unroll, packa, fetch, Vector, Epilogue>.narrowTile(&tile)
                } else {
                    wideTile(&tile)
                }
                if Epilogue.isNeeded {
                    epilogue.finish(tile.c, tile.ldc, rows: mr, columns: tile.width, from: j)
                }
                tile.a += mr &* tile.lda
                tile.c += mr &* tile.ldc
                rows &-= mr
            }
            j &+= tile.width
        }
    }

    @inline(never)
    static func walk(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let epilogue = Epilogue(call)
        var walk = SgemmWalk<Vector>(
            call, thread, mr: mr, nr: nr, packsA: packa == 1, fetchedLines: fetch,
            endsWithPages: fetch > 1 && mr > 4)
        while walk.next() { multiply(walk.block, epilogue) }
    }

    /// A block of C, panel by panel: nr columns, or what is left of them a vector at a time.
    @inline(never)
    static func multiply(_ block: SgemmBlock, _ epilogue: Epilogue) {
        var ahead = block.ahead
        var j = 0
        if unroll == SgemmStream<mr, fetch, Vector>.depth, block.depth > 0,
            block.depth % unroll == 0, block.rows == mr
        {
            j = SgemmStream<mr, fetch, Vector>.multiply(block)
            if Epilogue.isNeeded, block.isLast {
                epilogue.finish(block.c, block.ldc, rows: mr, columns: j, from: block.column)
            }
        }
        while j &+ nr <= block.columns {
            panel(block, epilogue, j, nr, &ahead, isNarrow: false)
            j &+= nr
        }
        while j < block.columns {
            let width = min(Vector.scalarCount, block.columns &- j)
            BlockedSgemm<mr, 1, unroll, packa, fetch, Vector, Epilogue>.panel(
                block, epilogue, j, width, &ahead, isNarrow: true)
            j &+= width
        }
    }

    /// The rows of a panel, tile by tile. The first one packs the panel of B, if it is to be packed.
    @inline(__always)
    static func panel(
        _ block: SgemmBlock, _ epilogue: Epilogue, _ j: Int, _ width: Int,
        _ ahead: inout SgemmAhead, isNarrow: Bool
    ) {
        var tile = SgemmTile(block, j, width: width, nr: nr)
        var packed = block.packedB
        var rows = block.rows
        while rows > 0 {
            tile.height = min(rows, mr)
            if packa == 0, rows < mr { (tile.a, tile.lda) = (block.lastRows, block.depth) }
            if fetch > 0 {
                (tile.ahead, tile.aheadEnd) = (ahead.line, ahead.rowEnd)
                ahead.advance(
                    passes: tile.depth / unroll, requests: unroll &* fetch, opensPages: fetch > 1)
            }
            if let copy = packed {
                tile.copy = copy
                if isNarrow { narrowPackingTile(&tile) } else { packingTile(&tile) }
                (tile.b, tile.rowBytes) = (UnsafeRawPointer(copy), nr &* 4)
                packed = nil
            } else {
                if isNarrow { narrowTile(&tile) } else { wideTile(&tile) }
            }
            if Epilogue.isNeeded, block.isLast {
                epilogue.finish(
                    tile.c, tile.ldc, rows: tile.height, columns: tile.width,
                    from: block.column &+ j)
            }
            tile.a += packa == 1 ? mr &* block.packedDepth : mr &* tile.lda
            tile.c += mr &* tile.ldc
            tile.earlier += mr &* tile.lde
            rows &-= mr
        }
    }

    // MARK: - The tile

    // Only the tile that most of the time is spent in is inlined: with all four in one function the optimizer would keep sums in memory.

    @inline(__always)
    static func wideTile(_ tile: inout SgemmTile) {
        multiply(tile, isNarrow: false, packs: false)
    }

    @inline(never)
    static func packingTile(_ tile: inout SgemmTile) {
        multiply(tile, isNarrow: false, packs: true)
    }

    @inline(never)
    static func narrowTile(_ tile: inout SgemmTile) {
        multiply(tile, isNarrow: true, packs: false)
    }

    @inline(never)
    static func narrowPackingTile(_ tile: inout SgemmTile) {
        multiply(tile, isNarrow: true, packs: true)
    }

    /// height × width of C = the sum over earlier k + height × depth of A · depth × width of B.
    @inline(__always)
    static func multiply(_ tile: SgemmTile, isNarrow: Bool, packs: Bool) {
        var sums = Sums(repeating: InlineArray<nv, Vector>(repeating: Vector()))
        var (a, b, copy) = (tile.a, tile.b, UnsafeMutableRawPointer(tile.copy))
        var (ahead, aheadEnd) = (tile.ahead, tile.aheadEnd)
        if tile.depth >= SgemmTile.depthToPrefetchC { prefetchC(tile) }
        var p = 0
        while p < tile.depth {
            // A cache line of each row of A: packed rows are interleaved by it.
            let end = min(p &+ SgemmTile.line, tile.depth)
            while p &+ unroll <= end {
                var u = 0
                while u < unroll {
                    step(
                        &sums, a + u, tile.lda, b + u &* tile.rowBytes, &copy, tile.width,
                        isNarrow: isNarrow, packs: packs)
                    u &+= 1
                }
                // Last, because loads are not moved across a prefetch.
                u = 0
                while u < unroll &* fetch {
                    simd_prefetch(ahead)
                    // With few rows memory is waited for: requests that come faster than it answers keep loads from the second-level cache.
                    if fetch > 1 { ahead = simd_delay(ahead) }
                    ahead += tile.aheadStep
                    u &+= 1
                }
                if fetch > 0 { simd_pass_row(&ahead, &aheadEnd, tile.aheadDistance, tile.aheadRow) }
                a += unroll
                b += unroll &* tile.rowBytes
                p &+= unroll
            }
            if unroll > 1 {
                while p < end {
                    step(
                        &sums, a, tile.lda, b, &copy, tile.width, isNarrow: isNarrow, packs: packs)
                    a += 1
                    b += tile.rowBytes
                    p &+= 1
                }
            }
            if packa == 1 { a += (mr &- 1) &* SgemmTile.line }
        }
        if tile.accumulates { addEarlier(tile, &sums, isNarrow: isNarrow) }
        store(tile, &sums, isNarrow: isNarrow)
    }

    /// One rank-1 update of the tile: a column of A times a row of B, which is copied if it is to be packed.
    @inline(__always)
    static func step(
        _ sums: inout Sums, _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafeRawPointer,
        _ copy: inout UnsafeMutableRawPointer, _ width: Int, isNarrow: Bool, packs: Bool
    ) {
        var row = InlineArray<nv, Vector>(repeating: Vector())
        var j = 0
        while j < nv {
            row[unchecked: j] = load(b + j &* Vector.scalarCount &* 4, width, isNarrow: isNarrow)
            if packs {
                copy.storeBytes(of: row[unchecked: j], as: Vector.self)
                copy += Vector.scalarCount &* 4
            }
            j &+= 1
        }
        var i = 0
        while i < mr {
            let x = Vector(repeating: a[i &* (packa == 1 ? SgemmTile.line : lda)])
            var j = 0
            while j < nv {
                sums[unchecked: i][unchecked: j] = multiplyAdd(
                    sums[unchecked: i][unchecked: j], x, row[unchecked: j])
                j &+= 1
            }
            i &+= 1
        }
    }

    @inline(__always)
    static func addEarlier(_ tile: SgemmTile, _ sums: inout Sums, isNarrow: Bool) {
        var i = 0
        while i < mr {
            if i < tile.height {
                let row = UnsafeRawPointer(tile.earlier + i &* tile.lde)
                var j = 0
                while j < nv {
                    sums[unchecked: i][unchecked: j] += load(
                        row + j &* Vector.scalarCount &* 4, tile.width, isNarrow: isNarrow)
                    j &+= 1
                }
            }
            i &+= 1
        }
    }

    @inline(__always)
    static func store(_ tile: SgemmTile, _ sums: inout Sums, isNarrow: Bool) {
        var i = 0
        while i < mr {
            if i < tile.height {
                let row = UnsafeMutableRawPointer(tile.c + i &* tile.ldc)
                var j = 0
                while j < nv {
                    let at = row + j &* Vector.scalarCount &* 4
                    if isNarrow {
                        storeFirst(tile.width, of: sums[unchecked: i][unchecked: j], to: at)
                    } else {
                        at.storeBytes(of: sums[unchecked: i][unchecked: j], as: Vector.self)
                    }
                    j &+= 1
                }
            }
            i &+= 1
        }
    }

    @inline(__always)
    static func load(_ address: UnsafeRawPointer, _ width: Int, isNarrow: Bool) -> Vector {
        isNarrow ? loadFirst(width, from: address) : address.loadUnaligned(as: Vector.self)
    }

    @inline(__always)
    static func prefetchC(_ tile: SgemmTile) {
        var i = 0
        while i < mr {
            let row = UnsafeRawPointer(tile.c + i &* tile.ldc)
            var at = 0
            while at < nr &* 4 {
                simd_prefetch(row + at)
                at &+= 64
            }
            i &+= 1
        }
    }
}
