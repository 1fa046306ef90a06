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
    /// What to prefetch, `aheadStep` bytes after each other.
    var ahead: UnsafeRawPointer
    var aheadStep: Int

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
        (ahead, aheadStep) = (b, 0)
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
        (ahead, aheadStep) = (b, block.ahead.step)
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
    /// Bytes between requests, and of what one tile asks for.
    let step: Int
    private let chunk: Int
    private let rowBytes: Int
    /// Bytes between rows.
    let distance: Int
    /// Where the next share's row begins.
    private(set) var row: UnsafeRawPointer
    private var rowsLeft: Int
    private var column = 0

    /// Asks for the same line over and over.
    @inline(__always)
    init(nothing address: UnsafePointer<Float>) {
        (step, chunk, rowBytes, distance) = (0, 0, 0, 0)
        (row, rowsLeft) = (UnsafeRawPointer(address), 0)
    }

    /// `rows` × `columns` at `b`, in shares of `requests` lines, `step` bytes after each other.
    init(
        _ b: UnsafePointer<Float>, _ ldb: Int, rows: Int, columns: Int, requests: Int, step: Int
    ) {
        self.step = step
        chunk = requests &* step
        rowBytes = columns &* 4
        distance = ldb &* 4
        (row, rowsLeft) = (UnsafeRawPointer(b), rows)
    }

    /// Where the next tile's share begins. One that would pass the end of the row ends with it.
    ///
    /// `opensPages`: where the share has the start of a page, the first line four pages later is asked for. Its lines then come without
    /// waiting for the translation of its address, which is worth a tenth where memory is all that is waited for.
    @inline(__always)
    mutating func next(opensPages: Bool) -> UnsafeRawPointer {
        let share = row + column
        if opensPages {
            let toNextPage = -Int(bitPattern: share) & 4095
            if toNextPage < chunk { simd_prefetch(share + (toNextPage &+ 4 &* 4096)) }
        }
        column &+= chunk
        if column >= rowBytes {
            column = 0
            rowsLeft &-= 1
            if rowsLeft > 0 { row += distance }
        } else if column &+ chunk > rowBytes {
            column = max(0, rowBytes &- chunk)
        }
        return share
    }
}
