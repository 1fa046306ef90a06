import CSIMD

/// Rotary position embedding (Su et al., RoFormer, 2021) in the convention of LLaMA-like models, which rotate halves: element i of the first half of a
/// head and element i of the second are the pair that is turned by angle i of the token,
/// y[i] = x[i] · cos[i] − x[half + i] · sin[i], y[half + i] = x[half + i] · cos[i] + x[i] · sin[i].
///
/// Buffers: x [tokens, heads · 2 · half], cos and sin [tokens, half], y as x.
/// Dimensions: tokens, heads, half (of the size of a head), ldx, ldy, ldtable (elements).
/// Arguments: distance (bytes to prefetch x ahead, 0 for none), stream (0 or 1: stores go past the caches where the halves of y are aligned to the
/// vector), threads (share the heads of all tokens).
enum Rope<let unroll: Int, Vector: SIMD> where Vector.Scalar == Float {
    /// Pairs in a block.
    @inline(__always)
    static var size: Int { unroll &* Vector.scalarCount }

    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let d = call.pointee.dimensions
        let buffers = call.pointee.buffers
        let heads = Int(d[1])
        let half = Int(d[2])
        let distance = Int(call.pointee.arguments[0])
        let alignment = Int(bitPattern: buffers[3]) | half &* 4 | Int(d[4]) &* 4
        let streams =
            call.pointee.arguments[1] != 0 && alignment & (Vector.scalarCount &* 4 &- 1) == 0
        let own = share(Int(d[0]) &* heads, granule: 1, thread, of: Int(call.pointee.threads))
        var start = own.start
        while start < own.end {
            let token = start / heads
            let first = start &- token &* heads
            let count = min(heads &- first, own.end &- start)
            let x = buffers[0] + (token &* Int(d[3]) &+ first &* 2 &* half) &* 4
            let y = buffers[3] + (token &* Int(d[4]) &+ first &* 2 &* half) &* 4
            let cos = buffers[1] + token &* Int(d[5]) &* 4
            let sin = buffers[2] + token &* Int(d[5]) &* 4
            turn(x, cos, sin, y, heads: count, half, distance, streams: streams)
            start &+= count
        }
        if streams { simd_stream_fence() }
    }

    /// Turns heads of one token, the same block of each before the next block.
    @inline(__always)
    static func turn(
        _ x: UnsafeRawPointer, _ cos: UnsafeRawPointer, _ sin: UnsafeRawPointer,
        _ y: UnsafeMutableRawPointer, heads: Int, _ half: Int, _ distance: Int, streams: Bool
    ) {
        var i = 0
        while i &+ size <= half {
            let at = i &* 4
            turnBlocks(
                x + at, cos + at, sin + at, y + at, count: size, heads: heads, half, distance,
                streams: streams)
            i &+= size
        }
        if i < half {
            let at = i &* 4
            turnRest(x + at, cos + at, sin + at, y + at, half &- i, heads: heads, half, streams)
        }
    }

    /// The pairs of each head after the last whole block: whole vectors, then part of one.
    @inline(never)
    static func turnRest(
        _ x: UnsafeRawPointer, _ cos: UnsafeRawPointer, _ sin: UnsafeRawPointer,
        _ y: UnsafeMutableRawPointer, _ count: Int, heads: Int, _ half: Int, _ streams: Bool
    ) {
        var i = 0
        while i < count {
            let at = i &* 4
            if i &+ Vector.scalarCount <= count {
                Rope<1, Vector>.turnBlocks(
                    x + at, cos + at, sin + at, y + at, count: Vector.scalarCount, heads: heads,
                    half, 0, streams: streams)
            } else {
                Rope<1, Vector>.turnBlocks(
                    x + at, cos + at, sin + at, y + at, count: count &- i, heads: heads, half, 0,
                    streams: false)
            }
            i &+= Vector.scalarCount
        }
    }

    /// The first `count` pairs from x and y on in each head. Cosines and sines stay in registers from head to head.
    @inline(__always)
    static func turnBlocks(
        _ x: UnsafeRawPointer, _ cos: UnsafeRawPointer, _ sin: UnsafeRawPointer,
        _ y: UnsafeMutableRawPointer, count: Int, heads: Int, _ half: Int, _ distance: Int,
        streams: Bool
    ) {
        let cosines: InlineArray<unroll, Vector> = loadFirst(count, from: cos)
        let sines: InlineArray<unroll, Vector> = loadFirst(count, from: sin)
        var head = 0
        for _ in 0..<heads {
            if distance > 0 {
                var line = 0
                while line < size &* 4 {
                    simd_prefetch(x + (head &+ line &+ distance))
                    simd_prefetch(x + (head &+ half &* 4 &+ line &+ distance))
                    line &+= 64
                }
            }
            // Vector by vector: memory is slower if all of a block is read, then all of it written.
            for u in 0..<unroll {
                let low = head &+ u &* Vector.scalarCount &* 4
                let high = low &+ half &* 4
                let lanes = min(Vector.scalarCount, count &- u &* Vector.scalarCount)
                let first: Vector = loadFirst(lanes, from: x + low)
                let second: Vector = loadFirst(lanes, from: x + high)
                let turnedFirst = multiplyAdd(first * cosines[u], Vector() - second, sines[u])
                let turnedSecond = multiplyAdd(second * cosines[u], first, sines[u])
                if lanes == Vector.scalarCount {
                    store(turnedFirst, to: y + low, streams: streams)
                    store(turnedSecond, to: y + high, streams: streams)
                } else {
                    storeFirst(lanes, of: turnedFirst, to: y + low)
                    storeFirst(lanes, of: turnedSecond, to: y + high)
                }
            }
            head &+= 2 &* half &* 4
        }
    }
}
