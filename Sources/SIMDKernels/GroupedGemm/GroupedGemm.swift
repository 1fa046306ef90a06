import CSIMD

/// The innermost loops of matrix products of narrow numbers, C = A·B, row-major, with sums of 32 bits.
///
/// Instructions for narrow numbers multiply and sum a group of neighbours along k in each lane (see csimd_dot.h), so that a step of the loop is a
/// group deep: each row of A gives one group, which every lane gets, and B gives a group of each of `nr` columns. `GroupedWalk` brings the operands
/// into that form. A tile of `mr` rows and `nv` vectors of C stays in registers.
///
/// Lanes of Int32 multiply uint8 by int8; lanes of Float multiply bfloat16.
enum GroupedGemm<let mr: Int, let nv: Int, let unroll: Int, Vector: SIMD> {
    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let walk = GroupedWalk<Vector>(
            call, thread, element, mr: mr, nr: nv &* Vector.scalarCount)
        walk.run { tile in
            if tile.isPacked { multiplyPacked(tile) } else { multiplyInPlace(tile) }
        }
    }

    static var element: GroupedElement { Vector.Scalar.self == Int32.self ? .bytes : .bfloat16 }
    typealias Sums = InlineArray<mr, InlineArray<nv, Vector>>

    /// One panel of B that is packed: nr groups side by side, then those of the next step.
    @inline(never)
    static func multiplyPacked(_ tile: GroupedTile) {
        var sums = load(tile.c, tile.ldc, tile.accumulates)
        var a = tile.a
        var b = tile.b
        var p = 0
        // Written out, because the optimizer leaves a loop of few large steps a loop.
        while p &+ unroll <= tile.depth {
            stepPacked(&sums, &a, tile.aRow, &b)
            if unroll > 1 { stepPacked(&sums, &a, tile.aRow, &b) }
            if unroll > 2 { stepPacked(&sums, &a, tile.aRow, &b) }
            if unroll > 3 { stepPacked(&sums, &a, tile.aRow, &b) }
            p &+= unroll
        }
        if unroll > 1 {
            while p < tile.depth {
                stepPacked(&sums, &a, tile.aRow, &b)
                p &+= 1
            }
        }
        store(sums, tile.c, tile.ldc)
    }

    /// Panels of B that lie in place, side by side: rows are interleaved in registers, which pays as long as few rows of A share the work.
    @inline(never)
    static func multiplyInPlace(_ tile: GroupedTile) {
        let group = element.group
        for panel in 0..<tile.panels {
            let c = tile.c + panel &* nv &* Vector.scalarCount &* 4
            var sums = load(c, tile.ldc, tile.accumulates)
            var a = tile.a
            for p in 0..<tile.depth {
                let row = p &* group
                if tile.ahead > 0 {
                    for r in row..<row &+ group { prefetch(tile, panel, row: r) }
                }
                let b = tile.b + (row &* tile.ldb &+ panel &* panelBytes)
                step(&sums, &a, tile.aRow, interleave(b, tile.ldb))
            }
            store(sums, c, tile.ldc)
        }
    }

    /// Bytes of a row of a panel in place.
    static var panelBytes: Int { nv &* Vector.scalarCount &* element.size }

    /// Asks for what will be read of a row of B in place when the walk along it has come `ahead` bytes further.
    ///
    /// Lines of a page that was not read lately may not come; so once a page one line of it goes before the others and has the page's
    /// address translated.
    @inline(__always)
    static func prefetch(_ tile: GroupedTile, _ panel: Int, row: Int) {
        let offset = panel &* panelBytes &+ tile.ahead
        prefetchLines(place(tile, offset, row), panelBytes)
        if panel % max(4096 / panelBytes, 1) == 0 {
            simd_prefetch(place(tile, offset &+ tile.ahead, row))
        }
    }

    /// The place `offset` bytes along a row of B in place; where the row ends before, in the row that takes its turn after it.
    @inline(__always)
    static func place(_ tile: GroupedTile, _ offset: Int, _ row: Int) -> UnsafeRawPointer {
        let width = tile.panels &* panelBytes
        let rowAfter = row &+ tile.depth &* element.group
        return offset < width
            ? tile.b + (row &* tile.ldb &+ offset)
            : tile.b + (rowAfter &* tile.ldb &+ offset &- width)
    }

    /// A group of each column of a panel in place.
    @inline(__always)
    static func interleave(_ b: UnsafeRawPointer, _ ldb: Int) -> InlineArray<nv, Vector> {
        var columns = InlineArray<nv, Vector>(repeating: Vector())
        if Vector.self == SIMD16<Int32>.self && nv == 4 {
            withUnsafeMutableBytes(of: &columns) {
                guard let out = $0.baseAddress else { return }
                simd_u8s8_interleave64(b.assumingMemoryBound(to: Int8.self), Int64(ldb), out)
            }
        } else if Vector.self == SIMD16<Float>.self && nv % 2 == 0 {
            withUnsafeMutableBytes(of: &columns) {
                guard let out = $0.baseAddress else { return }
                for pair in 0..<nv / 2 {
                    simd_bf16_interleave32(b + pair &* 64, Int64(ldb), out + pair &* 128)
                }
            }
        } else {
            for j in 0..<nv {
                columns[unchecked: j] = interleaveGroups(
                    b + j &* Vector.scalarCount &* element.size, ldb)
            }
        }
        return columns
    }

    @inline(__always)
    static func stepPacked(
        _ sums: inout Sums, _ a: inout UnsafeRawPointer, _ aRow: Int, _ b: inout UnsafeRawPointer
    ) {
        var columns = InlineArray<nv, Vector>(repeating: Vector())
        for j in 0..<nv {
            columns[unchecked: j] = b.loadUnaligned(
                fromByteOffset: j &* Vector.scalarCount &* 4, as: Vector.self)
        }
        step(&sums, &a, aRow, columns)
        b += nv &* Vector.scalarCount &* 4
    }

    /// Adds the products of one group of each row of A with one of each column; moves on to the next groups of A.
    @inline(__always)
    static func step(
        _ sums: inout Sums, _ a: inout UnsafeRawPointer, _ aRow: Int,
        _ columns: InlineArray<nv, Vector>
    ) {
        var i = 0
        while i < mr {
            let x = Vector(
                repeating: a.loadUnaligned(fromByteOffset: i &* aRow, as: Vector.Scalar.self))
            var j = 0
            while j < nv {
                sums[unchecked: i][unchecked: j] = multiplyAddGroups(
                    sums[unchecked: i][unchecked: j], x, columns[unchecked: j])
                j &+= 1
            }
            i &+= 1
        }
        a += 4
    }

    /// The tile of C, or zeros.
    @inline(__always)
    static func load(_ c: UnsafeMutableRawPointer, _ ldc: Int, _ accumulates: Bool) -> Sums {
        var sums = Sums(repeating: InlineArray<nv, Vector>(repeating: Vector()))
        if accumulates {
            var i = 0
            while i < mr {
                var j = 0
                while j < nv {
                    sums[unchecked: i][unchecked: j] = (c + i &* ldc).loadUnaligned(
                        fromByteOffset: j &* Vector.scalarCount &* 4, as: Vector.self)
                    j &+= 1
                }
                i &+= 1
            }
        }
        return sums
    }

    @inline(__always)
    static func store(_ sums: Sums, _ c: UnsafeMutableRawPointer, _ ldc: Int) {
        var i = 0
        while i < mr {
            var j = 0
            while j < nv {
                (c + i &* ldc).storeBytes(
                    of: sums[unchecked: i][unchecked: j],
                    toByteOffset: j &* Vector.scalarCount &* 4, as: Vector.self)
                j &+= 1
            }
            i &+= 1
        }
    }
}
