import CSIMD

/// Products of a few rows of float activations with quantised weights, y = x·Wᵀ: x is m×k, y is m×n, and each of the n rows of W is k weights in
/// blocks of 32 with a float16 scale, as GGUF files have them. The last block of a row may reach beyond k.
///
/// Activations are quantised first, also in blocks of 32 (`QuantizedActivations`). Then each lane of a vector takes a block of W: `tile` rows of W
/// and in each as many neighbouring blocks as that leaves lanes for. Transposing the blocks' words in registers costs less than summing across
/// lanes would. The products of a block are summed exactly in integers and scaled once. `mr` rows of x share the transposed blocks.
///
/// A tile of one row reads W as it lies, which memory likes best; one of many rows reads x less often, which pays with many rows of x.
///
/// `bits` is 8 or 4, the size of a weight.
enum QuantizedMatmul<let bits: Int, let mr: Int, let tile: Int, Vector: SIMD>
where Vector.Scalar == Float, Vector.MaskStorage.Scalar == Int32 {
    /// As many lanes of 32 bits.
    typealias Integers = Vector.MaskStorage
    typealias Activations = QuantizedActivations<Vector>

    static var lanes: Int { Vector.scalarCount }
    /// Neighbouring blocks of a row.
    static var across: Int { lanes / tile }
    /// A float16 and 32 weights.
    static var blockBytes: Int { 2 &+ 4 &* bits }
    /// What is added to weights so that they are unsigned, where they have to be.
    static var offset: Int32 { bits == 8 ? simd_q8_offset() : 8 }

    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let d = call.pointee.dimensions
        let m = Int(d[0]), n = Int(d[1]), k = Int(d[2])
        let threads = Int(call.pointee.threads)
        let buffers = call.pointee.buffers
        let x = Activations(
            x: buffers[0].assumingMemoryBound(to: Float.self), rows: m, ldx: Int(d[3]), k: k,
            panel: mr, across: across, scratch: buffers[3])
        x.fill(offset: offset, thread, threads)
        kernel_barrier(call)

        let y = buffers[2].assumingMemoryBound(to: Float.self)
        let stride = x.blocks &* blockBytes
        let rest = UnsafeMutableRawPointer(mutating: x.end) + thread &* lanes &* blockBytes
        let distance = Int(call.pointee.arguments[0])
        // With fewer rows than a tile each goes alone, in all the places of a tile.
        let height = n < tile ? 1 : tile
        let tiles = (n &+ height &- 1) / height
        for number in tiles &* thread / threads..<tiles &* (thread &+ 1) / threads {
            // The last tile starts early enough to be complete; what its first rows come to has been stored already.
            let first = min(number &* height, n &- height)
            let weights = UnsafeRawPointer(buffers[1]) + first &* stride
            let rowStride = n < tile ? 0 : stride
            copyRest(of: weights, rowStride, x.blocks, to: rest)
            var row = 0
            while row < m {
                let sums = multiply(
                    weights, rowStride, rest, x.panel(row), x.blocks, distance)
                for i in 0..<min(mr, m &- row) {
                    let out = y + ((row &+ i) &* Int(d[4]) &+ first)
                    for r in number &* height &- first..<height { out[r] = total(sums[i], r) }
                }
                row &+= mr
            }
        }
    }

    /// `mr` rows of x times `tile` rows of W, which lie `stride` bytes apart.
    @inline(never)
    static func multiply(
        _ weights: UnsafeRawPointer, _ stride: Int, _ rest: UnsafeMutableRawPointer,
        _ activations: UnsafeRawPointer, _ blocks: Int, _ distance: Int
    ) -> InlineArray<mr, Vector> {
        var sums = InlineArray<mr, Vector>(repeating: Vector())
        var place = weights
        var x = activations
        for group in 0..<blocks / across {
            if distance > 0 {
                let opensPage = group % max(4096 / (across &* blockBytes), 1) == 0
                for row in 0..<tile {
                    let ahead = place + (row &* stride &+ distance)
                    prefetchBlocks(ahead)
                    // Lines of a page that was not read lately may not come; one goes ahead and has the page's address translated.
                    if opensPage { simd_prefetch(ahead + distance) }
                }
            }
            multiplyBlocks(&sums, place, stride, x)
            place += across &* blockBytes
            x += Activations.groupBytes(mr, across)
        }
        if blocks % across > 0 { multiplyBlocks(&sums, rest, across &* blockBytes, x) }
        return sums
    }

    /// Adds the products of one block in each lane.
    @inline(__always)
    static func multiplyBlocks(
        _ sums: inout InlineArray<mr, Vector>, _ place: UnsafeRawPointer, _ stride: Int,
        _ x: UnsafeRawPointer
    ) {
        let scales: Vector = blockHalves(place, across, stride, blockBytes)
        let words = weightWords(place + 2, stride)
        var products = InlineArray<mr, Integers>(repeating: Integers())
        var i = 0
        while i < mr {
            products[unchecked: i] = repeatWords(
                x + Activations.corrections(mr, across, i), across)
            i &+= 1
        }
        // Written out, because the optimizer leaves a loop of few large steps a loop.
        multiplyWord(&products, words, 0, x)
        multiplyWord(&products, words, 1, x)
        multiplyWord(&products, words, 2, x)
        multiplyWord(&products, words, 3, x)
        multiplyWord(&products, words, 4, x)
        multiplyWord(&products, words, 5, x)
        multiplyWord(&products, words, 6, x)
        multiplyWord(&products, words, 7, x)
        i = 0
        while i < mr {
            let xScales: Integers = repeatWords(
                x + Activations.scales(mr, across, i), across)
            sums[unchecked: i] = multiplyAdd(
                sums[unchecked: i], convertToFloat(products[unchecked: i]),
                scales * unsafeBitCast(xScales, to: Vector.self))
            i &+= 1
        }
    }

    /// Adds the products of word `j` of each block.
    @inline(__always)
    static func multiplyWord(
        _ products: inout InlineArray<mr, Integers>, _ words: InlineArray<8, Integers>, _ j: Int,
        _ x: UnsafeRawPointer
    ) {
        var i = 0
        while i < mr {
            products[unchecked: i] = multiplyAddFours(
                products[unchecked: i], words[unchecked: j],
                repeatWords(x + Activations.word(across, i, j), across), bits)
            i &+= 1
        }
    }

    /// The weights of one block a lane, four neighbours a word.
    @inline(__always)
    static func weightWords(_ place: UnsafeRawPointer, _ stride: Int) -> InlineArray<8, Integers> {
        var words: InlineArray<8, Integers> = blockWords(
            place, across, stride, blockBytes, bytes: 4 &* bits)
        if bits == 8 {
            let flip = Integers(repeating: offset == 0 ? 0 : Int32(bitPattern: 0x8080_8080))
            for j in 0..<8 { words[unchecked: j] ^= flip }
        } else {
            let low = Integers(repeating: 0x0F0F_0F0F)
            for j in 0..<4 {
                words[unchecked: j &+ 4] = (words[unchecked: j] &>> 4) & low
                words[unchecked: j] &= low
            }
        }
        return words
    }

    /// Asks for the lines of neighbouring blocks.
    @inline(__always)
    static func prefetchBlocks(_ place: UnsafeRawPointer) {
        var at = 0
        while at < across &* blockBytes {
            simd_prefetch(place + at)
            at &+= 64
        }
    }

    /// Copies the blocks at the end of rows that are too few for all lanes, with zeros after them, so that all lanes can read.
    @inline(__always)
    static func copyRest(
        of weights: UnsafeRawPointer, _ stride: Int, _ blocks: Int,
        to rest: UnsafeMutableRawPointer
    ) {
        let bytes = blocks % across &* blockBytes
        if bytes == 0 { return }
        for row in 0..<tile {
            let out = rest + row &* across &* blockBytes
            out.copyMemory(
                from: weights + (row &* stride &+ blocks / across &* across &* blockBytes),
                byteCount: bytes)
            for at in bytes..<across &* blockBytes {
                out.storeBytes(of: 0, toByteOffset: at, as: UInt8.self)
            }
        }
    }

    /// The sum over the lanes of one row of a tile.
    @inline(__always)
    static func total(_ sums: Vector, _ row: Int) -> Float {
        var total: Float = 0
        for lane in row &* across..<(row &+ 1) &* across { total += sums[lane] }
        return total
    }
}
