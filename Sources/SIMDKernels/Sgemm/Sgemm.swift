import CSIMD

/// Row-major single-precision matrix product, C = A·B: A is m×k, B is k×n, C is m×n.
///
/// The loops of Goto and van de Geijn (2008): B is packed in panels of `nr` columns, kc rows deep, so that one panel stays in
/// the first-level cache while blocks of A, mc rows high, come from the second. The innermost tile holds `mr` rows of
/// `nv` vectors in registers. With `packa` 0 rows of A are read where they lie, which saves a copy of A as long as
/// its rows do not collide in the cache; with 1 they are packed in panels of `mr` rows.
///
/// With few rows of A packing B costs more than it saves: `packb` 0 reads B where it lies and asks for its rows ahead of
/// use, since hardware prefetchers do not follow steps that leave the page.
///
/// Buffers: a, b, c, work (scratch). Dimensions: m, n, k, lda, ldb, ldc (elements).
/// Arguments: packb, mc, kc, nc, threads.
enum Sgemm<let mr: Int, let nv: Int, let unroll: Int, let packa: Int, Vector: SIMD>
where Vector.Scalar == Float {
    /// Columns of a tile.
    @inline(__always)
    static var nr: Int { nv &* Vector.scalarCount }

    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let d = call.pointee.dimensions
        let m = Int(d[0]), n = Int(d[1]), k = Int(d[2])
        let lda = Int(d[3]), ldb = Int(d[4]), ldc = Int(d[5])
        let a = UnsafePointer(call.pointee.buffers[0].assumingMemoryBound(to: Float.self))
        let b = UnsafePointer(call.pointee.buffers[1].assumingMemoryBound(to: Float.self))
        let c = call.pointee.buffers[2].assumingMemoryBound(to: Float.self)
        let threads = Int(call.pointee.threads)
        let packsB = call.pointee.arguments[0] != 0
        // Blocks are whole tiles, no larger than the problem, and leave no thread without rows.
        let share = (m &+ threads &- 1) / threads
        let mc = max(mr, min(Int(call.pointee.arguments[1]), share &+ mr &- 1) / mr &* mr)
        let kc = max(1, min(Int(call.pointee.arguments[2]), k))
        let nc = max(nr, min(Int(call.pointee.arguments[3]), n &+ nr &- 1) / nr &* nr)

        if k == 0 {
            if thread == 0 { sgemmClear(c, m, n, ldc) }
            return
        }
        // Scratch: one packed block of B for all, then one packed block of A and one tile for each thread.
        let work = sgemmAlign(call.pointee.buffers[3])
        let packedB = work.assumingMemoryBound(to: Float.self)
        let perThread = (mc &+ mr) &* kc &+ mr &* nr &+ 32
        let own = sgemmAlign(work + (nc &* kc &+ thread &* perThread) &* 4)
        let packedA = own.assumingMemoryBound(to: Float.self)
        let tile = sgemmAlign(own + (mc &+ mr) &* kc &* 4).assumingMemoryBound(to: Float.self)

        var jc = 0
        while jc < n {
            let columns = min(nc, n &- jc)
            var pc = 0
            while pc < k {
                let depth = min(kc, k &- pc)
                let blockOfB = b + (pc &* ldb &+ jc)
                sgemmPackB(blockOfB, ldb, depth, columns, nr, packsB, packedB, thread, threads)
                kernel_barrier(call)
                var ic = thread &* mc
                while ic < m {
                    block(
                        min(mc, m &- ic), columns, depth, a + (ic &* lda &+ pc), lda, packedA,
                        packsB ? UnsafePointer(packedB) : blockOfB, packsB ? 0 : ldb, packedB,
                        c + (ic &* ldc &+ jc), ldc, tile, pc > 0)
                    ic &+= mc &* threads
                }
                // The next panel of B must not overwrite one that is still read.
                kernel_barrier(call)
                pc &+= depth
            }
            jc &+= columns
        }
    }

    /// One block of C: `rows` × `columns` (+)= A block · B block, whose whole panels lie in `b`: `ldb` apart, or packed if that is 0.
    @inline(__always)
    static func block(
        _ rows: Int, _ columns: Int, _ depth: Int, _ a: UnsafePointer<Float>, _ lda: Int,
        _ packedA: UnsafeMutablePointer<Float>, _ b: UnsafePointer<Float>, _ ldb: Int,
        _ packedB: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ ldc: Int,
        _ tile: UnsafeMutablePointer<Float>, _ accumulate: Bool
    ) {
        // Without packing only the rows of the last, incomplete tile are copied (and padded with zeros).
        let whole = rows / mr &* mr
        if packa == 1 {
            sgemmPackA(a, lda, rows, depth, mr, packedA)
        } else {
            sgemmPadA(a + whole &* lda, lda, rows &- whole, depth, mr, packedA)
        }
        var j = 0
        while j < columns {
            let wide = j &+ nr <= columns
            let inPlace = wide && ldb != 0
            let panel = inPlace ? b + j : packedB + j &* depth
            var i = 0
            while i < rows {
                let full = wide && i &+ mr <= rows
                let rowsOfA: UnsafePointer<Float>
                let stride: Int
                if packa == 1 {
                    (rowsOfA, stride) = (UnsafePointer(packedA + i &* depth), 1)
                } else if i < whole {
                    (rowsOfA, stride) = (a + i &* lda, lda)
                } else {
                    (rowsOfA, stride) = (UnsafePointer(packedA), depth)
                }
                multiply(
                    depth, rowsOfA, stride, panel, inPlace ? ldb : nr,
                    full ? c + (i &* ldc &+ j) : tile, full ? ldc : nr, full && accumulate)
                if !full {
                    sgemmCopyTile(
                        tile, nr, c + (i &* ldc &+ j), ldc, min(mr, rows &- i),
                        min(nr, columns &- j), accumulate)
                }
                i &+= mr
            }
            j &+= nr
        }
    }

    /// The tile in registers: mr × nr of C (+)= mr × depth of A · depth × nr of B.
    @inline(never)
    static func multiply(
        _ depth: Int, _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafePointer<Float>, _ ldb: Int,
        _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ accumulate: Bool
    ) {
        var sums = InlineArray<mr, InlineArray<nv, Vector>>(
            repeating: InlineArray<nv, Vector>(repeating: Vector()))
        var ap = a
        var bp = UnsafeRawPointer(b)
        var p = 0
        // Written out, because the optimizer leaves a loop of few large steps a loop.
        while p &+ unroll <= depth {
            step(&sums, &ap, lda, &bp, ldb)
            if unroll > 1 { step(&sums, &ap, lda, &bp, ldb) }
            if unroll > 2 { step(&sums, &ap, lda, &bp, ldb) }
            if unroll > 3 { step(&sums, &ap, lda, &bp, ldb) }
            for _ in 4..<max(unroll, 4) { step(&sums, &ap, lda, &bp, ldb) }
            // Last, because loads are not moved across a prefetch, and all of them at once do not fit the registers.
            var at = 0
            while at < unroll {
                prefetchRow(bp + (sgemmRowsAhead &+ at) &* ldb &* 4)
                at &+= 1
            }
            p &+= unroll
        }
        if unroll > 1 {
            while p < depth {
                step(&sums, &ap, lda, &bp, ldb)
                p &+= 1
            }
        }
        for i in 0..<mr {
            let row = UnsafeMutableRawPointer(c + i &* ldc)
            for j in 0..<nv {
                let at = j &* Vector.scalarCount &* 4
                var value = sums[i][j]
                if accumulate { value += row.loadUnaligned(fromByteOffset: at, as: Vector.self) }
                row.storeBytes(of: value, toByteOffset: at, as: Vector.self)
            }
        }
    }

    /// Asks for the cache lines of one row of B.
    @inline(__always)
    static func prefetchRow(_ row: UnsafeRawPointer) {
        for line in 0..<(nr &* 4 &+ 63) / 64 { simd_prefetch(row + line &* 64) }
    }

    /// One rank-1 update of the tile: a column of A times a row of B; moves on to the next of each.
    @inline(__always)
    static func step(
        _ sums: inout InlineArray<mr, InlineArray<nv, Vector>>, _ a: inout UnsafePointer<Float>,
        _ lda: Int, _ b: inout UnsafeRawPointer, _ ldb: Int
    ) {
        var row = InlineArray<nv, Vector>(repeating: Vector())
        for j in 0..<nv {
            let at = j &* Vector.scalarCount &* 4
            row[j] = b.loadUnaligned(fromByteOffset: at, as: Vector.self)
        }
        for i in 0..<mr {
            let x = Vector(repeating: a[packa == 1 ? i : i &* lda])
            for j in 0..<nv { sums[i][j] = multiplyAdd(sums[i][j], x, row[j]) }
        }
        a += packa == 1 ? mr : 1
        b += ldb &* 4
    }
}
