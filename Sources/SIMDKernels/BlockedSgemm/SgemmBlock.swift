import CSIMD

// What the innermost loops work on. None of it depends on the specialization: it is compiled once a batch, not once a variant.

/// A block of C and what it is computed from.
struct SgemmBlock {
    /// Steps of k; rows and columns of C.
    var depth: Int
    var rows: Int
    var columns: Int
    /// Rows of A `lda` apart, or packed.
    var a: UnsafePointer<Float>
    var lda: Int
    /// The last rows of A, if they are too few for a tile, with rows of zeros below; `depth` apart.
    var lastRows: UnsafePointer<Float>
    /// Rows of B, `ldb` apart.
    var b: UnsafePointer<Float>
    var ldb: Int
    var c: UnsafeMutablePointer<Float>
    var ldc: Int
    /// Where in a row of C it begins.
    var column: Int
    /// Whether it has the first, or the last, steps of k.
    var isFirst: Bool
    var isLast: Bool
    /// Where a panel of B is packed; nil if it is read where it lies.
    var packedB: UnsafeMutablePointer<Float>?
    /// Where sums are kept until the last steps of k, tile after tile; nil if C holds them.
    var partial: UnsafeMutablePointer<Float>?
    /// Rows of all its tiles.
    var paddedRows: Int
    /// What it prefetches.
    var ahead: SgemmAhead

    /// Steps of k with those that are added to packed rows of A.
    @inline(__always)
    var packedDepth: Int { (depth &+ SgemmTile.line &- 1) & ~(SgemmTile.line &- 1) }
}

/// All of C, where that is one block of whole tiles that needs no scratch.
struct SgemmWhole {
    var rows: Int
    var columns: Int
    /// The first tile.
    var tile: SgemmTile

    @inline(__always)
    init?(_ call: UnsafePointer<KernelCall>, mr: Int) {
        let d = call.pointee.dimensions
        let arguments = call.pointee.arguments
        (rows, columns) = (Int(d[0]), Int(d[1]))
        let depth = Int(d[2])
        guard arguments[0] == 0, call.pointee.threads == 1, depth > 0, rows % mr == 0,
            rows <= Int(arguments[2]), depth <= Int(arguments[3]), columns <= Int(arguments[4])
        else { return nil }
        tile = SgemmTile(call, depth: depth)
    }
}

/// What one call of the innermost tile works on.
struct SgemmTile {
    /// Floats of a cache line.
    static var line: Int { 16 }
    /// A tile of fewer steps of k is too short for its rows of C to arrive meanwhile.
    static var depthToPrefetchC: Int { 64 }

    var depth: Int
    /// Rows and columns that exist: at most mr and nr.
    var height = 0
    var width: Int
    /// Rows of A `lda` apart, or packed.
    var a: UnsafePointer<Float>
    var lda: Int
    var b: UnsafeRawPointer
    var rowBytes: Int
    /// Where a tile that packs B copies its rows to.
    var copy: UnsafeMutablePointer<Float>
    /// The sum over earlier k, if there is any.
    var accumulates: Bool
    var earlier: UnsafePointer<Float>
    var lde: Int
    var c: UnsafeMutablePointer<Float>
    var ldc: Int
    /// What to prefetch, `aheadStep` bytes after each other in rows of `aheadRow` bytes; where the first one ends, and bytes between them.
    var ahead: UnsafeRawPointer
    var aheadEnd: UnsafeRawPointer
    var aheadStep: Int
    var aheadRow: Int
    var aheadDistance: Int

    /// One that begins where the matrices do.
    @inline(__always)
    init(_ call: UnsafePointer<KernelCall>, depth: Int) {
        let d = call.pointee.dimensions
        self.depth = depth
        width = 0
        a = UnsafePointer(call.pointee.buffers[0].assumingMemoryBound(to: Float.self))
        b = UnsafeRawPointer(call.pointee.buffers[1])
        c = call.pointee.buffers[2].assumingMemoryBound(to: Float.self)
        (lda, rowBytes, ldc) = (Int(d[3]), Int(d[4]) &* 4, Int(d[5]))
        (copy, accumulates, earlier, lde) = (c, false, a, 0)
        (ahead, aheadEnd, aheadStep, aheadRow, aheadDistance) = (b, b, 0, 0, 0)
    }

    /// The first tile of the panel at column `j`, whose tiles have nr columns.
    @inline(__always)
    init(_ block: SgemmBlock, _ j: Int, width: Int, nr: Int) {
        (depth, self.width) = (block.depth, width)
        (a, lda) = (block.a, block.lda)
        (b, rowBytes) = (UnsafeRawPointer(block.b + j), block.ldb &* 4)
        copy = block.c
        accumulates = !block.isFirst
        (c, ldc) = (block.c + j, block.ldc)
        (earlier, lde) = (UnsafePointer(c), ldc)
        (ahead, aheadEnd) = (b, b)
        (aheadStep, aheadRow, aheadDistance) = (
            block.ahead.step, block.ahead.rowBytes, block.ahead.distance
        )
        if let partial = block.partial {
            let sums = partial + j &* block.paddedRows
            (earlier, lde) = (UnsafePointer(sums), nr)
            if !block.isLast { (c, ldc) = (sums, nr) }
        }
    }
}

/// A block of B that is prefetched in the order of memory while another is multiplied.
///
/// Row after row, because the memory is read at full speed along a page only; 4 rows at once came to two thirds of it.
struct SgemmAhead {
    /// Bytes between requests.
    let step: Int
    /// Bytes of a row, and between rows.
    let rowBytes: Int
    let distance: Int
    /// What is asked for next, and where its row ends.
    var line: UnsafeRawPointer
    var rowEnd: UnsafeRawPointer
    /// From a page's start to one that memory is asked for four pages later.
    private let pageAhead: Int

    /// Asks for the same line over and over.
    @inline(__always)
    init(nothing address: UnsafeRawPointer) {
        (step, rowBytes, distance, pageAhead) = (0, 0, 0, 0)
        (line, rowEnd) = (address, address + 1)
    }

    /// Rows of `columns` at `b`, a line every `step` bytes.
    init(_ b: UnsafePointer<Float>, _ ldb: Int, columns: Int, step: Int) {
        self.step = step
        rowBytes = columns &* 4
        distance = ldb &* 4
        line = UnsafeRawPointer(b)
        rowEnd = line + rowBytes
        pageAhead =
            rowBytes >= 4 &* 4096 ? 4 &* 4096 : max(1, 4 &* 4096 / max(rowBytes, 64)) &* distance
    }

    /// Goes on by what one tile asks for: so many requests in each of its passes, after which a row's end is noticed.
    ///
    /// `opensPages`: where these pass the start of a page, the first line four pages later is asked for. Its lines then come without
    /// waiting for the translation of its address, which is worth a tenth where memory is all that is waited for.
    @inline(__always)
    mutating func advance(passes: Int, requests: Int, opensPages: Bool) {
        var bytes = passes &* requests &* step
        if opensPages {
            let page = line + (-Int(bitPattern: line) & 4095)
            if page < line + bytes, page < rowEnd { simd_prefetch(page + pageAhead) }
        }
        while _slowPath(line + bytes >= rowEnd) {
            let pass = requests &* step
            bytes &-= (rowEnd - line &+ pass &- 1) / pass &* pass
            rowEnd += distance
            line = rowEnd - rowBytes
            if opensPages, bytes > 0 { simd_prefetch(line + pageAhead) }
        }
        line += bytes
    }
}
