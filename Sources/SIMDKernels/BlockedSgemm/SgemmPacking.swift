import CSIMD

/// The next address on a cache line.
@inline(__always)
func sgemmAlign(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    pointer + ((64 &- Int(bitPattern: pointer) & 63) & 63)
}

/// What is done with blocks of A.
///
/// Generic only so that a batch takes it from the module of these sources, once for all variants of a vector.
enum SgemmPacking<Vector: SIMD> {
    /// Prefetches `rows` × `columns` of A.
    @inline(never)
    static func prefetch(_ a: UnsafePointer<Float>, _ lda: Int, _ rows: Int, _ columns: Int) {
        var i = 0
        while i < rows {
            var p = 0
            while p < columns {
                simd_prefetch(a + (i &* lda &+ p))
                p &+= SgemmTile.line
            }
            i &+= 1
        }
    }

    /// Copies `rows` × `depth` of A, fewer rows than a tile has, and adds rows of zeros; does nothing for no rows.
    @inline(never)
    static func padA(
        _ a: UnsafePointer<Float>, _ lda: Int, _ rows: Int, _ depth: Int, _ mr: Int,
        _ padded: UnsafeMutablePointer<Float>
    ) {
        if rows == 0 { return }
        for r in 0..<mr {
            let out = padded + r &* depth
            for p in 0..<depth { out[p] = r < rows ? a[r &* lda &+ p] : 0 }
        }
    }

    /// Packs `rows` × `depth` of A in panels of mr rows, a cache line of each row after the other, zeros beyond the last row. Whole lines are
    /// copied, which is several times as fast as packing by columns, and broadcasts do not mind where in a line they read.
    @inline(never)
    static func packA(
        _ a: UnsafePointer<Float>, _ lda: Int, _ rows: Int, _ depth: Int, _ mr: Int,
        _ packed: UnsafeMutablePointer<Float>
    ) {
        let line = SgemmTile.line
        let whole = depth & ~(line &- 1)
        var panel = packed
        var i = 0
        while i < rows {
            for r in i..<(i &+ mr) {
                let row = a + r &* lda
                var out = panel + (r &- i) &* line
                var p = 0
                while p < whole {
                    var values = SIMD16<Float>()
                    if r < rows {
                        // Rows are far apart: hardware prefetchers do not foresee the next ones.
                        simd_prefetch(row + (4 &* lda &+ p))
                        values = UnsafeRawPointer(row + p).loadUnaligned(as: SIMD16<Float>.self)
                    }
                    UnsafeMutableRawPointer(out).storeBytes(of: values, as: SIMD16<Float>.self)
                    out += mr &* line
                    p &+= line
                }
                for u in 0..<(depth &- whole) { out[u] = r < rows ? row[whole &+ u] : 0 }
            }
            panel += mr &* ((depth &+ line &- 1) & ~(line &- 1))
            i &+= mr
        }
    }
}
