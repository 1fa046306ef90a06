import CSIMD

/// Row-major single-precision matrix product, C = A·B: A is m×k, B is k×n, C is m×n.
///
/// The loops of Goto and van de Geijn (2008): B is packed in panels of `nr` columns, kc rows deep, so that one panel stays in
/// the first-level cache while blocks of A, mc rows high, come from the second. The innermost tile holds `mr` rows of
/// `nv` vectors in registers. With `pack` 0 rows of A are read where they lie, which saves a copy of A as long as
/// its rows do not collide in the cache; with 1 they are packed in panels of `mr` rows.
///
/// Buffers: a, b, c, work (scratch). Dimensions: m, n, k, lda, ldb, ldc (elements). Arguments: mc, kc, nc, threads.
enum Sgemm<let mr: Int, let nv: Int, let unroll: Int, let pack: Int, Vector: SIMD>
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
        // Blocks are whole tiles, and no larger than the problem.
        let mc = max(mr, min(Int(call.pointee.arguments[0]), m &+ mr &- 1) / mr &* mr)
        let kc = max(1, min(Int(call.pointee.arguments[1]), k))
        let nc = max(nr, min(Int(call.pointee.arguments[2]), n &+ nr &- 1) / nr &* nr)

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
                packB(b + (pc &* ldb &+ jc), ldb, depth, columns, packedB, thread, threads)
                kernel_barrier(call)
                var ic = thread &* mc
                while ic < m {
                    block(
                        min(mc, m &- ic), columns, depth, a + (ic &* lda &+ pc), lda, packedA,
                        packedB, c + (ic &* ldc &+ jc), ldc, tile, pc > 0)
                    ic &+= mc &* threads
                }
                // The next panel of B must not overwrite one that is still read.
                kernel_barrier(call)
                pc &+= depth
            }
            jc &+= columns
        }
    }

    /// One block of C: `rows` × `columns` (+)= A block · packed B.
    @inline(never)
    static func block(
        _ rows: Int, _ columns: Int, _ depth: Int, _ a: UnsafePointer<Float>, _ lda: Int,
        _ packedA: UnsafeMutablePointer<Float>, _ packedB: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ tile: UnsafeMutablePointer<Float>,
        _ accumulate: Bool
    ) {
        let whole = rows / mr &* mr
        // Without packing only the rows of the last, incomplete tile are copied (and padded with zeros).
        let firstPacked = pack == 1 ? 0 : whole
        sgemmPackA(a + firstPacked &* lda, lda, rows &- firstPacked, depth, mr, packedA)
        var j = 0
        while j < columns {
            let panel = packedB + j &* depth
            let wide = j &+ nr <= columns
            var i = 0
            while i < rows {
                let full = wide && i &+ mr <= rows
                let out = full ? c + (i &* ldc &+ j) : tile
                let stride = full ? ldc : nr
                if i >= firstPacked {
                    packedTile(
                        depth, packedA + (i &- firstPacked) &* depth, panel, out, stride,
                        full && accumulate)
                } else {
                    plainTile(depth, a + i &* lda, lda, panel, out, stride, full && accumulate)
                }
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

    @inline(never)
    static func packedTile(
        _ depth: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ accumulate: Bool
    ) {
        multiply(depth, a, 1, mr, b, c, ldc, accumulate)
    }

    @inline(never)
    static func plainTile(
        _ depth: Int, _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ accumulate: Bool
    ) {
        multiply(depth, a, lda, 1, b, c, ldc, accumulate)
    }

    /// The tile in registers: mr × nr of C (+)= mr × depth of A · depth × nr of packed B.
    @inline(__always)
    static func multiply(
        _ depth: Int, _ a: UnsafePointer<Float>, _ rowStride: Int, _ depthStride: Int,
        _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ ldc: Int,
        _ accumulate: Bool
    ) {
        var sums = InlineArray<mr, InlineArray<nv, Vector>>(
            repeating: InlineArray<nv, Vector>(repeating: Vector()))
        var ap = a
        var bp = UnsafeRawPointer(b)
        var p = 0
        while p &+ unroll <= depth {
            for u in 0..<unroll {
                step(&sums, ap + u &* depthStride, rowStride, bp + u &* nr &* 4)
            }
            ap += unroll &* depthStride
            bp += unroll &* nr &* 4
            p &+= unroll
        }
        if unroll > 1 {
            while p < depth {
                step(&sums, ap, rowStride, bp)
                ap += depthStride
                bp += nr &* 4
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

    /// One rank-1 update of the tile: column p of A times row p of B.
    @inline(__always)
    static func step(
        _ sums: inout InlineArray<mr, InlineArray<nv, Vector>>, _ a: UnsafePointer<Float>,
        _ rowStride: Int, _ b: UnsafeRawPointer
    ) {
        var row = InlineArray<nv, Vector>(repeating: Vector())
        for j in 0..<nv {
            row[j] = b.loadUnaligned(
                fromByteOffset: j &* Vector.scalarCount &* 4, as: Vector.self)
        }
        for i in 0..<mr {
            let x = Vector(repeating: a[i &* rowStride])
            for j in 0..<nv { sums[i][j].addProduct(x, row[j]) }
        }
    }

    /// Packs `depth` × `columns` of B in panels of nr columns, zeros beyond the last; threads take panels in turn.
    @inline(never)
    static func packB(
        _ b: UnsafePointer<Float>, _ ldb: Int, _ depth: Int, _ columns: Int,
        _ packed: UnsafeMutablePointer<Float>, _ thread: Int, _ threads: Int
    ) {
        var j = thread &* nr
        while j < columns {
            var out = UnsafeMutableRawPointer(packed + j &* depth)
            let width = min(nr, columns &- j)
            if width == nr {
                for p in 0..<depth {
                    let row = UnsafeRawPointer(b + (p &* ldb &+ j))
                    for v in 0..<nv {
                        let at = v &* Vector.scalarCount &* 4
                        out.storeBytes(
                            of: row.loadUnaligned(fromByteOffset: at, as: Vector.self),
                            toByteOffset: at, as: Vector.self)
                    }
                    out += nr &* 4
                }
            } else {
                sgemmPackEdge(b + j, ldb, depth, width, nr, packed + j &* depth)
            }
            j &+= nr &* threads
        }
    }
}
