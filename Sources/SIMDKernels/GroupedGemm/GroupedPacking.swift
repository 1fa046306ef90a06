import CSIMD

/// The next address on a cache line.
@inline(__always)
func alignToLine(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    pointer + ((64 &- Int(bitPattern: pointer) & 63) & 63)
}

/// A place that runs ahead of a walk along rows of `width` bytes, which are `step` bytes apart.
private struct GroupedHint {
    private let width: Int, step: Int
    private var row: UnsafeRawPointer
    private var offset: Int

    init(_ start: UnsafeRawPointer, _ width: Int, _ step: Int, _ distance: Int) {
        (self.width, self.step) = (width, step)
        row = start + distance / width &* step
        offset = distance % width
    }

    var place: UnsafeRawPointer { row + offset }

    @inline(__always)
    mutating func advance(_ bytes: Int) {
        offset &+= bytes
        if offset >= width {
            offset &-= width
            row += step
        }
    }
}

/// Asks for the lines of `bytes` bytes.
@inline(__always)
func prefetchLines(_ start: UnsafeRawPointer, _ bytes: Int) {
    var at = 0
    while at < bytes {
        simd_prefetch(start + at)
        at &+= 64
    }
}

/// How operands become groups of 32 bits.
///
/// Generic only so that a batch takes it from the module of these sources, once for all variants of a vector.
enum GroupedPacking<Vector: SIMD> {
    /// Copies `rows` rows of `bytes` bytes.
    @inline(never)
    static func copyRows(
        _ source: UnsafeMutableRawPointer, _ sourceRow: Int, _ rows: Int, _ bytes: Int,
        _ target: UnsafeMutableRawPointer, _ targetRow: Int
    ) {
        for i in 0..<rows {
            (target + i &* targetRow).copyMemory(from: source + i &* sourceRow, byteCount: bytes)
        }
    }

    /// Copies `rows` rows of A, `depth` elements long, widened where groups want that, and adds rows of zeros up to `height`. The last group of a row
    /// ends in zeros.
    @inline(never)
    static func packRowsOfA(
        _ element: GroupedElement, _ a: UnsafeRawPointer, _ lda: Int, _ rows: Int, _ depth: Int,
        _ height: Int, _ packed: UnsafeMutableRawPointer, _ packedRow: Int
    ) {
        let width = 4 / element.group
        let bytes = (depth &+ element.group &- 1) / element.group &* 4
        for r in 0..<height {
            let row = a + r &* lda
            let out = packed + r &* packedRow
            let count = r < rows ? depth : 0
            if width == element.size {
                out.copyMemory(from: row, byteCount: count &* width)
            } else if element == .bytes {
                for p in 0..<count {
                    let byte = row.load(fromByteOffset: p, as: UInt8.self)
                    out.storeBytes(of: UInt16(byte), toByteOffset: p &* 2, as: UInt16.self)
                }
            } else {
                for p in 0..<count {
                    let half = row.loadUnaligned(fromByteOffset: p &* 2, as: UInt16.self)
                    out.storeBytes(of: UInt32(half) << 16, toByteOffset: p &* 4, as: UInt32.self)
                }
            }
            for at in count &* width..<bytes {
                out.storeBytes(of: 0, toByteOffset: at, as: UInt8.self)
            }
        }
    }

    /// Packs `depth` × `columns` of B in panels of nr columns, a group of each column after the other, zeros beyond the last row and column.
    ///
    /// Row by row, since that is how B lies in memory; lines are asked for `ahead` bytes of each row before.
    @inline(never)
    static func packGroupsOfB(
        _ element: GroupedElement, _ b: UnsafeRawPointer, _ ldb: Int, _ depth: Int, _ columns: Int,
        _ nr: Int, _ ahead: Int, _ packed: UnsafeMutableRawPointer
    ) {
        if columns == 0 { return }
        let group = element.group
        let groups = (depth &+ group &- 1) / group
        let panelBytes = nr &* element.size
        var near = GroupedHint(b, columns &* element.size, group &* ldb, ahead)
        var far = GroupedHint(b, columns &* element.size, group &* ldb, 2 &* ahead)
        for p in 0..<groups {
            let rows = b + p &* group &* ldb
            let count = min(group, depth &- p &* group)
            var j = 0
            while j < columns {
                if ahead > 0 {
                    let opensPage = j % max(4096 / element.size, nr) < nr
                    for row in 0..<group {
                        prefetchLines(near.place + row &* ldb, panelBytes)
                        // See `GroupedGemm.prefetch`.
                        if opensPage { simd_prefetch(far.place + row &* ldb) }
                    }
                    near.advance(panelBytes)
                    far.advance(panelBytes)
                }
                let out = packed + (j &* groups &+ p &* nr) &* 4
                packGroupsOfPanel(
                    element, rows + j &* element.size, ldb, count, min(nr, columns &- j), nr, out)
                j &+= nr
            }
        }
    }

    /// One group, `count` elements of it, of each column of a panel.
    @inline(__always)
    private static func packGroupsOfPanel(
        _ element: GroupedElement, _ rows: UnsafeRawPointer, _ ldb: Int, _ count: Int, _ width: Int,
        _ nr: Int, _ out: UnsafeMutableRawPointer
    ) {
        var j = 0
        if count == element.group {
            while element == .bytes && j &+ 64 <= width {
                simd_u8s8_interleave64(
                    (rows + j).assumingMemoryBound(to: Int8.self), Int64(ldb), out + j &* 4)
                j &+= 64
            }
            while element == .bfloat16 && j &+ 32 <= width {
                simd_bf16_interleave32(rows + j &* 2, Int64(ldb), out + j &* 4)
                j &+= 32
            }
            while j &+ 16 <= width {
                let place = rows + j &* element.size
                if element == .bytes {
                    store(interleaveGroups(place, ldb) as SIMD16<Int32>, out + j &* 4)
                } else {
                    store(interleaveGroups(place, ldb) as SIMD16<Float>, out + j &* 4)
                }
                j &+= 16
            }
            while j &+ 4 <= width {
                let place = rows + j &* element.size
                if element == .bytes {
                    store(interleaveGroups(place, ldb) as SIMD4<Int32>, out + j &* 4)
                } else {
                    store(interleaveGroups(place, ldb) as SIMD4<Float>, out + j &* 4)
                }
                j &+= 4
            }
        }
        while j < nr {
            let bits =
                j < width
                ? element.groupOfB(rows + j &* element.size, ldb, count) : 0
            out.storeBytes(of: bits, toByteOffset: j &* 4, as: UInt32.self)
            j &+= 1
        }
    }
}

@inline(__always)
private func store<Vector: SIMD>(_ vector: Vector, _ address: UnsafeMutableRawPointer) {
    address.storeBytes(of: vector, as: Vector.self)
}
