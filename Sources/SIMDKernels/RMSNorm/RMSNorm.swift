import CSIMD

/// Root-mean-square normalisation of each row: y = x / √(mean(x²) + ε) · weight, ε = 10⁻⁶ (Zhang and Sennrich, 2019).
///
/// A row is read twice, for the sum of its squares and for y, the second time from a cache while memory rests. With `merge` 1 the next row's squares
/// are summed as y is written, so that memory is read and written all the time.
///
/// Buffers: x, weight, y. Dimensions: rows, n, ldx, ldy (elements).
/// Arguments: distance (bytes to prefetch x ahead where squares are summed, 0 for none), merge (0 or 1), stream (0 or 1: stores go past the caches),
/// threads (share rows).
enum RMSNorm<let unroll: Int, Vector: SIMD> where Vector.Scalar == Float {
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
            let y = call.pointee.buffers[2] + row &* Int(d[3]) &* 4
            let squares = known ?? sumOfSquares(x, n, distance)
            let write = Write(
                x: x, weight: call.pointee.buffers[1], y: y,
                scale: Vector(repeating: 1 / simd_sqrt(squares / Float(n) + 1e-6)),
                streams: streams)
            // Blocks of y are those of the sum only if y is aligned; else its last bits would depend on that.
            if merges && row &+ 1 < own.end && Loop.isAligned(y) {
                let next = Squares(x: x + Int(d[2]) &* 4, distance: distance)
                known = writeAndSum(write, next, n)
            } else {
                known = nil
                writeOnly(write, n)
            }
        }
        if streams { simd_stream_fence() }
    }

    // A function a loop, because the optimizer stops to inline in long ones.

    @inline(never)
    static func sumOfSquares(_ x: UnsafeRawPointer, _ n: Int, _ distance: Int) -> Float {
        var squares = Squares(x: x, distance: distance)
        Loop.run(&squares, n)
        return sum(squares.sums)
    }

    @inline(never)
    static func writeOnly(_ write: Write, _ n: Int) {
        var write = write
        Loop.run(&write, n, alignedIn: write.y)
    }

    /// The next row's sum of squares.
    @inline(never)
    static func writeAndSum(_ write: Write, _ next: Squares, _ n: Int) -> Float {
        var both = WriteAndSum(write: write, next: next)
        Loop.run(&both, n, alignedIn: write.y)
        return sum(both.next.sums)
    }

    /// Σ x², as many sums as a block has vectors, which hides the latency of the additions.
    struct Squares: RowStep {
        let x: UnsafeRawPointer
        let distance: Int
        var sums = Loop.Block(repeating: Vector())

        @inline(__always)
        mutating func compute(_ at: Int, _ count: Int) {
            let values: Loop.Block = loadFirst(count, from: x + at)
            sums = each(sums, values) { multiplyAdd($0, $1, $1) }
        }

        @inline(__always)
        func prefetch(_ at: Int) {
            if distance > 0 { simd_prefetch(x + (at &+ distance)) }
        }
    }

    /// y = x · scale · weight.
    struct Write: RowStep {
        let x: UnsafeRawPointer, weight: UnsafeRawPointer
        let y: UnsafeMutableRawPointer
        let scale: Vector
        let streams: Bool

        @inline(__always)
        func compute(_ at: Int, _ count: Int) {
            let values: Loop.Block = loadFirst(count, from: x + at)
            let factors: Loop.Block = loadFirst(count, from: weight + at)
            Loop.store(
                each(values, factors) { $0 * scale * $1 }, count, to: y + at, streams: streams)
        }

        @inline(__always)
        func prefetch(_ at: Int) {}
    }

    struct WriteAndSum: RowStep {
        let write: Write
        var next: Squares

        @inline(__always)
        mutating func compute(_ at: Int, _ count: Int) {
            next.compute(at, count)
            write.compute(at, count)
        }

        @inline(__always)
        func prefetch(_ at: Int) { next.prefetch(at) }
    }
}
