import CSIMD

/// The gated linear unit of LLaMA-like models: y = silu(gate) · up with silu(g) = g / (1 + e⁻ᵍ) (Shazeer, GLU Variants Improve Transformer, 2020).
///
/// Buffers: gate, up, y. Dimensions: rows, n, ldgate, ldup, ldy (elements).
/// Arguments: distance (bytes to prefetch gate and up ahead, 0 for none), stream (0 or 1: stores go past the caches), threads (share rows).
enum SiLUMul<let unroll: Int, Vector: SIMD> where Vector.Scalar == Float {
    typealias Loop = RowLoop<unroll, Vector>

    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let d = call.pointee.dimensions
        let streams = call.pointee.arguments[1] != 0
        let own = share(Int(d[0]), granule: 1, thread, of: Int(call.pointee.threads))
        for row in own.start..<own.end {
            var step = Step(
                gate: call.pointee.buffers[0] + row &* Int(d[2]) &* 4,
                up: call.pointee.buffers[1] + row &* Int(d[3]) &* 4,
                y: call.pointee.buffers[2] + row &* Int(d[4]) &* 4,
                distance: Int(call.pointee.arguments[0]), streams: streams)
            Loop.run(&step, Int(d[1]), alignedIn: step.y)
        }
        if streams { simd_stream_fence() }
    }

    struct Step: RowStep {
        let gate: UnsafeRawPointer, up: UnsafeRawPointer
        let y: UnsafeMutableRawPointer
        let distance: Int
        let streams: Bool

        @inline(__always)
        func compute(_ at: Int, _ count: Int) {
            let g: Loop.Block = loadFirst(count, from: gate + at)
            let factor: Loop.Block = loadFirst(count, from: up + at)
            let powers = exp2(each(g) { $0 * Vector(repeating: -1.442_695_04) })
            let silu = each(g, powers) { $0 / (Vector(repeating: 1) + $1) }
            Loop.store(each(silu, factor) { $0 * $1 }, count, to: y + at, streams: streams)
        }

        @inline(__always)
        func prefetch(_ at: Int) {
            if distance == 0 { return }
            simd_prefetch(gate + (at &+ distance))
            simd_prefetch(up + (at &+ distance))
        }
    }
}
