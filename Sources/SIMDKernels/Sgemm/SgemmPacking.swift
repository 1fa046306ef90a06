// The parts of sgemm that do not depend on its specialization: compiled once a batch, not once a variant.

/// How many rows of B are asked for ahead of use.
let sgemmRowsAhead = 16

/// The next address on a cache line.
@inline(__always)
func sgemmAlign(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    pointer + ((64 &- Int(bitPattern: pointer) & 63) & 63)
}

/// C = 0: the product over an empty k.
@inline(never)
func sgemmClear(_ c: UnsafeMutablePointer<Float>, _ m: Int, _ n: Int, _ ldc: Int) {
    for i in 0..<m { for j in 0..<n { c[i &* ldc &+ j] = 0 } }
}

/// Packs `rows` × `depth` of A in panels of mr rows, column by column, zeros beyond the last row.
@inline(never)
func sgemmPackA(
    _ a: UnsafePointer<Float>, _ lda: Int, _ rows: Int, _ depth: Int, _ mr: Int,
    _ packed: UnsafeMutablePointer<Float>
) {
    var out = packed
    var i = 0
    while i < rows {
        let height = min(mr, rows &- i)
        for r in 0..<height {
            // Along a row, so that every line of A is read once and from its start.
            let row = a + (i &+ r) &* lda
            for p in 0..<depth { out[p &* mr &+ r] = row[p] }
        }
        for r in height..<max(mr, height) {
            for p in 0..<depth { out[p &* mr &+ r] = 0 }
        }
        out += mr &* depth
        i &+= mr
    }
}

/// Copies `rows` × `depth` of A, fewer rows than a tile has, and adds rows of zeros; does nothing for no rows.
@inline(never)
func sgemmPadA(
    _ a: UnsafePointer<Float>, _ lda: Int, _ rows: Int, _ depth: Int, _ mr: Int,
    _ padded: UnsafeMutablePointer<Float>
) {
    if rows == 0 { return }
    for r in 0..<mr {
        let out = padded + r &* depth
        for p in 0..<depth { out[p] = r < rows ? a[r &* lda &+ p] : 0 }
    }
}

/// Packs `depth` × `columns` of B in panels of nr columns, zeros beyond the last column; threads take panels in turn.
/// Without `all` only the last panel, if it is incomplete.
@inline(never)
func sgemmPackB(
    _ b: UnsafePointer<Float>, _ ldb: Int, _ depth: Int, _ columns: Int, _ nr: Int, _ all: Bool,
    _ packed: UnsafeMutablePointer<Float>, _ thread: Int, _ threads: Int
) {
    var j = thread &* nr
    while j < columns {
        let width = min(nr, columns &- j)
        if all || width < nr {
            var out = packed + j &* depth
            for p in 0..<depth {
                let row = b + (p &* ldb &+ j)
                for c in 0..<width { out[c] = row[c] }
                for c in width..<max(nr, width) { out[c] = 0 }
                out += nr
            }
        }
        j &+= nr &* threads
    }
}

/// Brings the valid part of an incomplete tile to C.
@inline(never)
func sgemmCopyTile(
    _ tile: UnsafePointer<Float>, _ nr: Int, _ c: UnsafeMutablePointer<Float>, _ ldc: Int,
    _ rows: Int, _ columns: Int, _ accumulate: Bool
) {
    for i in 0..<rows {
        for j in 0..<columns {
            let value = tile[i &* nr &+ j]
            c[i &* ldc &+ j] = accumulate ? c[i &* ldc &+ j] + value : value
        }
    }
}
