// The parts of sgemm that do not depend on its specialization: compiled once a batch, not once a variant.

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

/// Packs the last, incomplete panel of B: `width` columns, zeros up to nr.
@inline(never)
func sgemmPackEdge(
    _ b: UnsafePointer<Float>, _ ldb: Int, _ depth: Int, _ width: Int, _ nr: Int,
    _ packed: UnsafeMutablePointer<Float>
) {
    for p in 0..<depth {
        for j in 0..<nr { packed[p &* nr &+ j] = j < width ? b[p &* ldb &+ j] : 0 }
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
