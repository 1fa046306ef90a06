import CSIMD

/// Row-major single-precision matrix product, C = A·B: A is m×k, B is k×n, C is m×n.
///
/// The loops of Goto and van de Geijn (2008), which `SgemmWalk` walks: B is packed in panels of `nr` columns, kc rows deep, so that one
/// panel stays in the first-level cache while blocks of A, mc rows high, come from the second. The innermost tile, here,
/// holds `mr` rows of `nv` vectors in registers. With `packa` 0 rows of A are read where they lie, which saves a copy
/// of A as long as its rows do not collide in the cache; with 1 they are packed in panels of `mr` rows.
///
/// With few rows of A packing B costs more than it saves: `packb` 0 reads B where it lies and asks for its rows ahead of
/// use, since hardware prefetchers do not follow steps that leave the page.
///
/// Buffers: a, b, c, work (scratch). Dimensions: m, n, k, lda, ldb, ldc (elements).
/// Arguments: packb, mc, kc, nc, threads.
enum Sgemm<let mr: Int, let nv: Int, let unroll: Int, let packa: Int, Vector: SIMD>
where Vector.Scalar == Float {
    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        var walk = SgemmWalk(
            call, thread, mr: mr, nr: nv &* Vector.scalarCount, packsA: packa == 1)
        while walk.next() {
            let tile = walk.tile
            multiply(
                tile.depth, tile.a, tile.lda, tile.b, tile.ldb, tile.c, tile.ldc, tile.accumulate)
        }
    }

    /// The tile in registers: mr × nr of C (+)= mr × depth of A · depth × nr of B.
    @inline(never)
    static func multiply(
        _ depth: Int, _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafeRawPointer, _ ldb: Int,
        _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ accumulate: Bool
    ) {
        var sums = InlineArray<mr, InlineArray<nv, Vector>>(
            repeating: InlineArray<nv, Vector>(repeating: Vector()))
        var a = a
        var b = b
        let rowBytes = ldb &* 4
        var p = 0
        // Written out, because the optimizer leaves a loop of few large steps a loop.
        while p &+ unroll <= depth {
            step(&sums, &a, lda, &b, rowBytes)
            if unroll > 1 { step(&sums, &a, lda, &b, rowBytes) }
            if unroll > 2 { step(&sums, &a, lda, &b, rowBytes) }
            if unroll > 3 { step(&sums, &a, lda, &b, rowBytes) }
            var further = 4
            while further < unroll {
                step(&sums, &a, lda, &b, rowBytes)
                further &+= 1
            }
            // Last, because loads are not moved across a prefetch, and all of them at once do not fit the registers.
            var row = 0
            while row < unroll {
                prefetchRow(b + (sgemmRowsAhead &+ row) &* rowBytes)
                row &+= 1
            }
            p &+= unroll
        }
        if unroll > 1 {
            while p < depth {
                step(&sums, &a, lda, &b, rowBytes)
                p &+= 1
            }
        }
        store(sums, c, ldc, accumulate)
    }

    /// One rank-1 update of the tile: a column of A times a row of B; moves on to the next of each.
    @inline(__always)
    static func step(
        _ sums: inout InlineArray<mr, InlineArray<nv, Vector>>, _ a: inout UnsafePointer<Float>,
        _ lda: Int, _ b: inout UnsafeRawPointer, _ rowBytes: Int
    ) {
        var row = InlineArray<nv, Vector>(repeating: Vector())
        var j = 0
        while j < nv {
            let at = j &* Vector.scalarCount &* 4
            row[unchecked: j] = b.loadUnaligned(
                fromByteOffset: at, as: Vector.self)
            j &+= 1
        }
        var i = 0
        while i < mr {
            let x = Vector(repeating: a[packa == 1 ? i : i &* lda])
            var j = 0
            while j < nv {
                sums[unchecked: i][unchecked: j] = multiplyAdd(
                    sums[unchecked: i][unchecked: j], x, row[unchecked: j])
                j &+= 1
            }
            i &+= 1
        }
        a += packa == 1 ? mr : 1
        b += rowBytes
    }

    /// Asks for the cache lines of one row of B.
    @inline(__always)
    static func prefetchRow(_ row: UnsafeRawPointer) {
        var at = 0
        while at < nv &* Vector.scalarCount &* 4 {
            simd_prefetch(row + at)
            at &+= 64
        }
    }

    /// C (+)= the tile.
    @inline(__always)
    static func store(
        _ sums: InlineArray<mr, InlineArray<nv, Vector>>, _ c: UnsafeMutablePointer<Float>,
        _ ldc: Int, _ accumulate: Bool
    ) {
        var i = 0
        while i < mr {
            let row = UnsafeMutableRawPointer(c + i &* ldc)
            var j = 0
            while j < nv {
                let at = j &* Vector.scalarCount &* 4
                var value = sums[unchecked: i][unchecked: j]
                if accumulate {
                    value += row.loadUnaligned(fromByteOffset: at, as: Vector.self)
                }
                row.storeBytes(of: value, toByteOffset: at, as: Vector.self)
                j &+= 1
            }
            i &+= 1
        }
    }
}
