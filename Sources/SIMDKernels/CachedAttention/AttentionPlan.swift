import CSIMD

// What does not depend on the specialization.

/// Sizes of a call, and one thread's share of it and scratch.
struct AttentionPlan {
    /// Below every score: a weight of zero.
    @inline(__always)
    static var lowest: Float { -1e30 }

    let heads: Int, group: Int, tokens: Int, d: Int
    /// Heads of a group with those missing to whole tiles.
    let paddedGroup: Int
    /// Bytes of a row and of a head of the cache.
    let rowBytes: Int, headBytes: Int
    /// Tokens of a block; floats from one head's scores to the next, whole vectors and tiles of rows.
    let block: Int, blockStride: Int
    /// Tokens of a chunk, and how many chunks a head has.
    let chunk: Int, chunks: Int
    let prefetches: Bool
    let scale: Float
    let q: UnsafePointer<Float>
    let keys: UnsafeRawPointer, values: UnsafeRawPointer
    let result: UnsafeMutablePointer<Float>
    /// Parts, chunk by chunk and head by head, that are this thread's.
    let firstPart: Int, lastPart: Int
    let threads: Int

    // Scratch: sums to be merged, of all threads, then this thread's. Each head: arranged queries, sums, scores, and three numbers.
    let partial: UnsafeMutablePointer<Float>
    let queries: UnsafeMutablePointer<Float>
    let sums: UnsafeMutablePointer<Float>
    let scores: UnsafeMutablePointer<Float>
    let greatest: UnsafeMutablePointer<Float>
    let totals: UnsafeMutablePointer<Float>
    /// What the sums before a block are multiplied by.
    let factors: UnsafeMutablePointer<Float>

    @inline(never)
    init(
        _ call: UnsafePointer<KernelCall>, _ thread: Int, queries tile: Int, elementSize: Int
    ) {
        let dimensions = call.pointee.dimensions
        let arguments = call.pointee.arguments
        heads = Int(dimensions[0])
        group = Int(dimensions[1])
        tokens = Int(dimensions[2])
        d = Int(dimensions[3])
        rowBytes = d &* elementSize
        headBytes = Int(dimensions[4]) &* rowBytes
        paddedGroup = (group &+ tile &- 1) / tile &* tile
        block = Int(arguments[0])
        blockStride = (block &+ 15) & ~15
        chunk = Int(arguments[1])
        chunks = max(1, (tokens &+ chunk &- 1) / chunk)
        prefetches = arguments[2] != 0
        scale = 1.442_695_04 / simd_sqrt(Float(d))
        q = UnsafePointer(call.pointee.buffers[0].assumingMemoryBound(to: Float.self))
        keys = UnsafeRawPointer(call.pointee.buffers[1])
        values = UnsafeRawPointer(call.pointee.buffers[2])
        result = call.pointee.buffers[3].assumingMemoryBound(to: Float.self)
        threads = Int(call.pointee.threads)
        let parts = share(heads &* chunks, granule: 1, thread, of: threads)
        (firstPart, lastPart) = parts

        let work = call.pointee.buffers[4].assumingMemoryBound(to: Float.self)
        partial = work
        let merged = chunks == 1 ? 0 : heads &* chunks &* group &* (d &+ 2)
        queries = work + (merged &+ thread &* paddedGroup &* (2 &* d &+ blockStride &+ 3))
        sums = queries + paddedGroup &* d
        scores = sums + paddedGroup &* d
        greatest = scores + paddedGroup &* blockStride
        totals = greatest + paddedGroup
        factors = totals + paddedGroup
    }
}

/// One part: where it is in the cache, and where its sums go.
struct AttentionState {
    let q: UnsafePointer<Float>
    let keys: UnsafeRawPointer, values: UnsafeRawPointer
    var token: Int
    let end: Int
    let result: UnsafeMutablePointer<Float>
    let resultStride: Int

    /// Clears the sums of `plan` as well.
    @inline(never)
    init(_ plan: AttentionPlan, _ part: Int) {
        let head = part / plan.chunks
        q = plan.q + head &* plan.group &* plan.d
        keys = plan.keys + head &* plan.headBytes
        values = plan.values + head &* plan.headBytes
        token = part % plan.chunks &* plan.chunk
        end = min(plan.tokens, token &+ plan.chunk)
        if plan.chunks == 1 {
            (result, resultStride) = (plan.result + head &* plan.group &* plan.d, plan.d)
        } else {
            resultStride = plan.d &+ 2
            result = plan.partial + part &* plan.group &* resultStride
        }
        for i in 0..<plan.paddedGroup &* plan.d { plan.sums[i] = 0 }
        for h in 0..<plan.paddedGroup {
            (plan.greatest[h], plan.totals[h], plan.factors[h]) = (AttentionPlan.lowest, 0, 0)
        }
    }
}

/// Asks for the cache lines of `bytes` from `address` on.
@inline(__always)
func attentionPrefetch(_ address: UnsafeRawPointer, _ bytes: Int) {
    var at = 0
    while at < bytes {
        simd_prefetch(address + at)
        at &+= 64
    }
}

/// 2ˣ of one number.
@inline(__always)
func attentionExp2(_ x: Float) -> Float {
    exp2(InlineArray<1, SIMD4<Float>>(repeating: SIMD4(repeating: x)))[unchecked: 0][0]
}

/// Merges the chunks of every head of the result, which threads take in turn.
@inline(__always)
func attentionMerge(_ plan: AttentionPlan, _ thread: Int) {
    let stride = plan.d &+ 2
    var row = thread
    while row < plan.heads &* plan.group {
        let (head, inGroup) = (row / plan.group, row % plan.group)
        let first = plan.partial + (head &* plan.chunks &* plan.group &+ inGroup) &* stride
        var greatest = AttentionPlan.lowest
        for c in 0..<plan.chunks {
            greatest = max(greatest, first[c &* plan.group &* stride &+ plan.d])
        }
        let out = plan.result + row &* plan.d
        for i in 0..<plan.d { out[i] = 0 }
        var total: Float = 0
        for c in 0..<plan.chunks {
            let sums = first + c &* plan.group &* stride
            let factor = attentionExp2(sums[plan.d] - greatest)
            total = multiplyAdd(total, factor, sums[plan.d &+ 1])
            for i in 0..<plan.d { out[i] = multiplyAdd(out[i], factor, sums[i]) }
        }
        let factor = total > 0 ? 1 / total : 0
        for i in 0..<plan.d { out[i] *= factor }
        row &+= plan.threads
    }
}
