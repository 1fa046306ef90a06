import CSIMD

/// Rows of float activations, quantised in blocks of 32 to 8 bits and laid out in the order in which a product reads them.
///
/// Generic only so that a batch takes it from the module of these sources, once for all variants of a vector.
///
/// Value i of a block is scale · q[i] with q in −127 … 127 and scale = max |x| / 127, to nearest: off by at most scale / 2.
///
///     panel of `panel` rows, the last one filled up with zeros
///     └─ group of `across` blocks along k, the last one filled up with zeros
///        ├─ words        of each row: q[0 … 3] of each block, then q[4 … 7] and so on to q[28 … 31]
///        ├─ scales       of each row: a Float of each block
///        └─ corrections  of each row: an Int32 of each block, −offset · Σ q, for weights that have `offset` added
struct QuantizedActivations<Vector: SIMD> {
    let x: UnsafePointer<Float>
    let rows: Int
    let ldx: Int
    let k: Int
    let panel: Int
    let across: Int
    let scratch: UnsafeMutableRawPointer

    init(
        x: UnsafePointer<Float>, rows: Int, ldx: Int, k: Int, panel: Int, across: Int,
        scratch: UnsafeMutableRawPointer
    ) {
        (self.x, self.rows, self.ldx, self.k) = (x, rows, ldx, k)
        (self.panel, self.across) = (panel, across)
        self.scratch = scratch + ((64 &- Int(bitPattern: scratch) & 63) & 63)
    }

    /// Blocks of a row, and groups of blocks.
    var blocks: Int { (k &+ 31) / 32 }
    var groups: Int { (blocks &+ across &- 1) / across }

    /// Bytes of a group of a panel, and where in it the parts of row i begin.
    @inline(__always)
    static func groupBytes(_ panel: Int, _ across: Int) -> Int { panel &* 40 &* across }
    @inline(__always)
    static func word(_ across: Int, _ i: Int, _ j: Int) -> Int { (i &* 8 &+ j) &* 4 &* across }
    @inline(__always)
    static func scales(_ panel: Int, _ across: Int, _ i: Int) -> Int {
        (panel &* 8 &+ i) &* 4 &* across
    }
    @inline(__always)
    static func corrections(_ panel: Int, _ across: Int, _ i: Int) -> Int {
        (panel &* 9 &+ i) &* 4 &* across
    }

    /// The panel that begins with this row.
    func panel(_ row: Int) -> UnsafeRawPointer {
        UnsafeRawPointer(scratch + row &* groups &* 40 &* across)
    }

    /// Behind the last panel.
    var end: UnsafeRawPointer { panel((rows &+ panel &- 1) / panel &* panel) }

    /// Quantises this thread's share of the groups.
    @inline(never)
    func fill(offset: Int32, _ thread: Int, _ threads: Int) {
        for group in groups &* thread / threads..<groups &* (thread &+ 1) / threads {
            for row in 0..<(rows &+ panel &- 1) / panel &* panel {
                let i = row % panel
                let out =
                    UnsafeMutableRawPointer(mutating: panel(row &- i))
                    + group &* Self.groupBytes(panel, across)
                for b in 0..<across {
                    let start = (group &* across &+ b) &* 32
                    let count = row < rows ? max(0, min(32, k &- start)) : 0
                    let block = QuantizedBlock<Vector>(x + (row &* ldx &+ start), count)
                    for j in 0..<8 {
                        out.storeBytes(
                            of: block.words[unchecked: j],
                            toByteOffset: Self.word(across, i, j) &+ b &* 4, as: Int32.self)
                    }
                    out.storeBytes(
                        of: block.scale,
                        toByteOffset: Self.scales(panel, across, i) &+ b &* 4, as: Float.self)
                    out.storeBytes(
                        of: 0 &- offset &* block.sum,
                        toByteOffset: Self.corrections(panel, across, i) &+ b &* 4, as: Int32.self)
                }
            }
        }
    }
}

/// 32 values, quantised.
private struct QuantizedBlock<Vector: SIMD> {
    /// Four neighbours each.
    var words = InlineArray<8, Int32>(repeating: 0)
    var scale: Float
    /// Of the quantised values.
    var sum: Int32

    /// Of `count` values, and zeros up to 32.
    @inline(never)
    init(_ x: UnsafePointer<Float>, _ count: Int) {
        typealias Half = SIMD16<Float>
        var halves = InlineArray<2, Half>(repeating: Half())
        if count == 32 {
            halves[0] = UnsafeRawPointer(x).loadUnaligned(as: Half.self)
            halves[1] = UnsafeRawPointer(x + 16).loadUnaligned(as: Half.self)
        } else {
            for place in 0..<count { halves[place / 16][place % 16] = x[place] }
        }
        // Bits of floats without their sign are ordered as the floats are.
        let sizes = SIMD16<UInt32>(repeating: 0x7FFF_FFFF)
        let largest = pointwiseMax(
            unsafeBitCast(halves[0], to: SIMD16<UInt32>.self) & sizes,
            unsafeBitCast(halves[1], to: SIMD16<UInt32>.self) & sizes)
        let limit = Float(bitPattern: largest.max())
        // Below, the inverse would overflow: as good as zero.
        let isZero = limit < 1e-30
        let inverse = isZero ? 0 : 127 / limit
        // Adding 1.5 · 2²³ rounds to nearest and leaves the integer in the low bits.
        let magic = Half(repeating: 0x1.8p23)
        var sums = SIMD16<Int32>()
        withUnsafeMutableBytes(of: &words) {
            guard let out = $0.baseAddress else { return }
            for part in 0..<2 {
                let rounded = unsafeBitCast(halves[part] * inverse + magic, to: SIMD16<Int32>.self)
                simd_store_bytes16(out + part &* 16, rounded)
                sums &+= rounded &- unsafeBitCast(magic, to: SIMD16<Int32>.self)
            }
        }
        sum = sums.wrappedSum()
        scale = isZero ? 0 : limit / 127
    }
}
