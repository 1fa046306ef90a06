import CSIMD

/// Softmax of each row: y = eˣ / Σ eˣ.
///
/// y is the same for any c in eˣ⁻ᶜ / Σ eˣ⁻ᶜ. The largest x is usual, since then nothing overflows, but takes a pass over the row to find. Here c is the
/// largest of the first few x. If others turn out to be far above it, which logits and scores seldom are, the row is done again with the largest of all.
///
/// That leaves two passes: eˣ⁻ᶜ and its sum, then times 1 / Σ. In between the powers lie in y, or in `powers` if y is streamed, since what is streamed
/// cannot be read back soon. Memory would rest in the second pass: with `merge` 1 the next row's powers are computed in the same loop.
///
/// Buffers: x, y, powers (scratch: n floats a thread, each from a cache line on). Dimensions: rows, n, ldx, ldy (elements).
/// Arguments: distance (bytes to prefetch x ahead, 0 for none), merge (0 or 1), stream (0 or 1: stores of y go past the caches), threads (share rows).
enum Softmax<let unroll: Int, Vector: SIMD> where Vector.Scalar == Float {
    typealias Loop = RowLoop<unroll, Vector>

    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let d = call.pointee.dimensions
        let n = Int(d[1])
        let distance = Int(call.pointee.arguments[0])
        let merges = call.pointee.arguments[1] != 0
        let streams = call.pointee.arguments[2] != 0
        let own = share(Int(d[0]), granule: 1, thread, of: Int(call.pointee.threads))
        var known: Float?
        for row in own.start..<own.end {
            let x = UnsafeRawPointer(call.pointee.buffers[0]) + row &* Int(d[2]) &* 4
            let y = call.pointee.buffers[1] + row &* Int(d[3]) &* 4
            let powers = streams ? softmaxScratch(call, thread) : y
            var sum = known ?? sumOfPowers(x, powers, n, minus: head(x, n), distance)
            if !isGood(sum) { sum = sumBelowLargest(x, powers, n) }
            let write = Write(
                powers: powers, y: y, scale: Vector(repeating: 1 / sum), streams: streams)
            // Blocks of y are those of the sum only if y is aligned; else its last bits would depend on that.
            if merges && row &+ 1 < own.end && Loop.isAligned(y) {
                let next = x + Int(d[2]) &* 4
                known = writeAndSum(
                    write, next, streams ? powers : y + Int(d[3]) &* 4, n, minus: head(next, n),
                    distance)
            } else {
                known = nil
                writeOnly(write, n)
            }
        }
        if streams { simd_stream_fence() }
    }

    // A function a loop, because the optimizer stops to inline in long ones.

    @inline(never)
    static func sumOfPowers(
        _ x: UnsafeRawPointer, _ powers: UnsafeMutableRawPointer, _ n: Int, minus c: Float,
        _ distance: Int
    ) -> Float {
        var step = Powers(x: x, powers: powers, c: c, distance)
        Loop.run(&step, n)
        return sum(step.sums)
    }

    @inline(never)
    static func writeOnly(_ write: Write, _ n: Int) {
        var write = write
        Loop.run(&write, n, alignedIn: write.y)
    }

    /// The sum of the next row's powers.
    @inline(never)
    static func writeAndSum(
        _ write: Write, _ next: UnsafeRawPointer, _ powers: UnsafeMutableRawPointer, _ n: Int,
        minus c: Float, _ distance: Int
    ) -> Float {
        var both = WriteAndSum(write: write, next: Powers(x: next, powers: powers, c: c, distance))
        Loop.run(&both, n, alignedIn: write.y)
        return sum(both.next.sums)
    }

    /// The sum where the first few x do not tell c: it is the largest of all, and subtracted first, so that no size of numbers does harm.
    @inline(never)
    static func sumBelowLargest(
        _ x: UnsafeRawPointer, _ powers: UnsafeMutableRawPointer, _ n: Int
    ) -> Float {
        var difference = Difference(x: x, y: powers, c: Vector(repeating: maximum(x, n)))
        Loop.run(&difference, n)
        return sumOfPowers(powers, powers, n, minus: 0, 0)
    }

    @inline(never)
    static func maximum(_ x: UnsafeRawPointer, _ n: Int) -> Float {
        var step = Maximum(x: x)
        Loop.run(&step, n)
        return largest(step.most)
    }

    /// The largest of the first 64 or more.
    @inline(__always)
    static func head(_ x: UnsafeRawPointer, _ n: Int) -> Float {
        maximum(x, min(n, (63 &+ Loop.size) / Loop.size &* Loop.size))
    }

    /// Whether c was near enough to the largest x. The power of c itself is 1 unless c · log₂e is too large to be near a float. Below 2³⁰ the largest x
    /// is at most 21 above c, where rounding (x − c) · log₂e changes a power by less than 10⁻⁶ of itself.
    @inline(__always)
    static func isGood(_ sum: Float) -> Bool { sum > 0.5 && sum < 0x1p30 }

    /// eˣ⁻ᶜ, as 2 to the power of (x − c) · log₂e, and its sum.
    struct Powers: RowStep {
        let x: UnsafeRawPointer
        let powers: UnsafeMutableRawPointer
        let c: Vector, log2e: Vector, minusCLog2e: Vector
        let distance: Int
        var sums = Loop.Block(repeating: Vector())

        @inline(__always)
        init(x: UnsafeRawPointer, powers: UnsafeMutableRawPointer, c: Float, _ distance: Int) {
            (self.x, self.powers, self.distance) = (x, powers, distance)
            self.c = Vector(repeating: c)
            log2e = Vector(repeating: 1.442_695_04)
            minusCLog2e = Vector(repeating: -c * 1.442_695_04)
        }

        @inline(__always)
        mutating func compute(_ at: Int, _ count: Int) {
            let values: Loop.Block = loadFirst(count, from: x + at, filler: -.infinity)
            // c · log₂e is rounded, but the same for all x. One rounding more would not be.
            let power = exp2(
                each(values) {
                    simd_multiply_add_fuses() != 0
                        ? multiplyAdd(minusCLog2e, $0, log2e) : ($0 - c) * log2e
                })
            storeFirst(count, of: power, to: powers + at)
            sums = each(sums, power) { $0 + $1 }
        }

        @inline(__always)
        func prefetch(_ at: Int) {
            if distance > 0 { simd_prefetch(x + (at &+ distance)) }
        }
    }

    /// y = powers · scale.
    struct Write: RowStep {
        let powers: UnsafeRawPointer
        let y: UnsafeMutableRawPointer
        let scale: Vector
        let streams: Bool

        @inline(__always)
        func compute(_ at: Int, _ count: Int) {
            let values: Loop.Block = loadFirst(count, from: powers + at)
            Loop.store(each(values) { $0 * scale }, count, to: y + at, streams: streams)
        }

        @inline(__always)
        func prefetch(_ at: Int) {}
    }

    /// Both; the next row's powers may replace this row's.
    struct WriteAndSum: RowStep {
        let write: Write
        var next: Powers

        @inline(__always)
        mutating func compute(_ at: Int, _ count: Int) {
            write.compute(at, count)
            next.compute(at, count)
        }

        @inline(__always)
        func prefetch(_ at: Int) { next.prefetch(at) }
    }

    /// y = x − c.
    struct Difference: RowStep {
        let x: UnsafeRawPointer
        let y: UnsafeMutableRawPointer
        let c: Vector

        @inline(__always)
        func compute(_ at: Int, _ count: Int) {
            let values: Loop.Block = loadFirst(count, from: x + at)
            storeFirst(count, of: each(values) { $0 - c }, to: y + at)
        }

        @inline(__always)
        func prefetch(_ at: Int) {}
    }

    struct Maximum: RowStep {
        let x: UnsafeRawPointer
        var most = Loop.Block(repeating: Vector(repeating: -.infinity))

        @inline(__always)
        mutating func compute(_ at: Int, _ count: Int) {
            let values: Loop.Block = loadFirst(count, from: x + at, filler: -.infinity)
            most = each(most, values) { larger($1, $0) }
        }

        @inline(__always)
        func prefetch(_ at: Int) {}
    }
}

/// One thread's powers: n floats from a cache line on.
@inline(__always)
func softmaxScratch(
    _ call: UnsafePointer<KernelCall>, _ thread: Int
) -> UnsafeMutableRawPointer {
    let size = (Int(call.pointee.dimensions[1]) &* 4 &+ 63) & ~63
    let scratch = call.pointee.buffers[2]
    return scratch + ((64 &- Int(bitPattern: scratch) & 63) & 63 &+ thread &* size)
}
