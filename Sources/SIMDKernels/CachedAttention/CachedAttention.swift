import CSIMD

/// Attention of one new token over a cache of keys and values: for every query head softmax(q·Kᵀ / √d)·V (Vaswani et al., 2017), where `group`
/// query heads share a head of the cache (Ainslie et al., 2023).
///
/// Each row of the cache is read once, for all heads of its group. The cache is walked in blocks of tokens: scores of the block's keys,
/// exponentials against the greatest score so far, and the sum of the block's values weighted by them; when the greatest score grows,
/// what was summed before shrinks (online softmax: Milakov and Gimelshein, 2018). Scores are exponents of two: q is scaled by log₂e / √d.
///
/// Memory is to be read without a pause: while scores are computed the block's values are prefetched, and while values are summed the next
/// block's keys. A block and what is prefetched meanwhile are best in the first-level cache.
///
/// Chunks of the tokens of a head of the cache are independent of each other: threads divide them, and merge their sums once all are there
/// (Dao et al., Flash-Decoding, 2023).
///
/// `queries` heads at a time meet `rows` keys (1, 2 or 4), or `vectors` vectors of a row of values, in registers.
enum CachedAttention<
    let queries: Int, let rows: Int, let vectors: Int, Cache: CacheElement, Vector: SIMD
> where Vector.Scalar == Float {
    typealias Sums<let count: Int> = InlineArray<count, InlineArray<queries, Vector>>

    /// Elements of a piece of a row: of as many vectors as a group has elements.
    @inline(__always)
    static var piece: Int { Vector.scalarCount &* Cache.group }

    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let plan = AttentionPlan(call, thread, queries: queries, elementSize: Cache.size)
        var part = plan.firstPart
        while part < plan.lastPart {
            attend(plan, part)
            part &+= 1
        }
        if plan.chunks != 1 {
            kernel_barrier(call)
            attentionMerge(plan, thread)
        }
    }

    /// One chunk of a head of the cache, for the heads of its group.
    @inline(never)
    static func attend(_ plan: AttentionPlan, _ part: Int) {
        var state = AttentionState(plan, part)
        arrangeQueries(plan, state)
        while state.token < state.end {
            let count = min(plan.block, state.end &- state.token)
            var row = 0
            while row < count {
                scores(plan, state, row, count)
                row &+= rows
            }
            var head = 0
            while head < plan.group {
                weigh(plan, state, head, count)
                head &+= 1
            }
            head = 0
            while head < plan.group {
                addValues(plan, state, head, count)
                head &+= queries
            }
            state.token &+= count
        }
        finish(plan, state)
    }

    /// Copies the group's queries, scaled, in the order in which pieces of a row become vectors; those missing to whole tiles are zeros.
    @inline(__always)
    static func arrangeQueries(_ plan: AttentionPlan, _ state: AttentionState) {
        let whole = plan.d / piece &* piece
        for head in 0..<plan.paddedGroup {
            let from = state.q + head &* plan.d
            let to = plan.queries + head &* plan.d
            for i in 0..<plan.d {
                let place = i < whole ? position(i) : i
                to[place] = head < plan.group ? from[i] * plan.scale : 0
            }
        }
    }

    /// Where element i of a row's whole pieces is among the lanes of its vectors.
    @inline(__always)
    static func position(_ i: Int) -> Int {
        let inPiece = i % piece
        return i &- inPiece &+ inPiece % Cache.group &* Vector.scalarCount &+ inPiece / Cache.group
    }

    // MARK: - Keys

    /// Scores of `rows` keys of the block, from `row` on, with all heads. Rows beyond the last are the last one again; nobody reads their scores.
    @inline(__always)
    static func scores(_ plan: AttentionPlan, _ state: AttentionState, _ row: Int, _ count: Int) {
        let keys = state.keys + (state.token &+ row) &* plan.rowBytes
        let last = count &- 1 &- row
        var head = 0
        while head < plan.group {
            // Values of the same tokens, which are wanted next.
            scoreTile(
                plan, keys, last, head, plan.scores + (head &* plan.blockStride &+ row),
                ahead: plan.prefetches && head == 0 ? keys + (state.values - state.keys) : nil)
            head &+= queries
        }
    }

    /// rows × queries scores. Each piece prefetches its share of the rows that lie `ahead`, in the order of memory.
    @inline(__always)
    static func scoreTile(
        _ plan: AttentionPlan, _ keys: UnsafeRawPointer, _ last: Int, _ head: Int,
        _ scores: UnsafeMutablePointer<Float>, ahead: UnsafeRawPointer?
    ) {
        var sums = Sums<rows>(repeating: InlineArray<queries, Vector>(repeating: Vector()))
        let q = UnsafeRawPointer(plan.queries + head &* plan.d)
        var i = 0
        while i &+ piece <= plan.d {
            if let ahead {
                attentionPrefetch(ahead + i &* rows &* Cache.size, rows &* piece &* Cache.size)
            }
            addProducts(plan, q + i &* 4, keys + i &* Cache.size, last, part: 0, &sums)
            if Cache.group == 2 {
                addProducts(plan, q + i &* 4, keys + i &* Cache.size, last, part: 1, &sums)
            }
            i &+= piece
        }
        var h = 0
        while h < queries {
            let out = scores + h &* plan.blockStride
            if rows == 4 {
                UnsafeMutableRawPointer(out).storeBytes(
                    of: laneSums(
                        sums[unchecked: 0][unchecked: h], sums[unchecked: 1][unchecked: h],
                        sums[unchecked: 2][unchecked: h], sums[unchecked: 3][unchecked: h]),
                    as: SIMD4<Float>.self)
            } else {
                var r = 0
                while r < rows {
                    out[r] = sum(sums[unchecked: r][unchecked: h])
                    r &+= 1
                }
            }
            h &+= 1
        }
        if i < plan.d { addRestOfKeys(plan, keys, last, head, scores, i) }
    }

    /// Adds the products of one part of a piece of q and of the keys.
    @inline(__always)
    static func addProducts(
        _ plan: AttentionPlan, _ q: UnsafeRawPointer, _ keys: UnsafeRawPointer, _ last: Int,
        part: Int, _ sums: inout Sums<rows>
    ) {
        var x = InlineArray<queries, Vector>(repeating: Vector())
        var h = 0
        while h < queries {
            let at = h &* plan.d &+ part &* Vector.scalarCount
            x[unchecked: h] = q.loadUnaligned(fromByteOffset: at &* 4, as: Vector.self)
            h &+= 1
        }
        var r = 0
        while r < rows {
            let key: Vector = Cache.load(keys + min(r, last) &* plan.rowBytes, part: part)
            var h = 0
            while h < queries {
                sums[unchecked: r][unchecked: h] = multiplyAdd(
                    sums[unchecked: r][unchecked: h], x[unchecked: h], key)
                h &+= 1
            }
            r &+= 1
        }
    }

    /// Adds what elements beyond the whole pieces, from `first` on, add to the scores.
    @inline(never)
    static func addRestOfKeys(
        _ plan: AttentionPlan, _ keys: UnsafeRawPointer, _ last: Int, _ head: Int,
        _ scores: UnsafeMutablePointer<Float>, _ first: Int
    ) {
        for r in 0...min(rows &- 1, last) {
            let key = keys + r &* plan.rowBytes
            for h in 0..<queries {
                let q = plan.queries + (head &+ h) &* plan.d
                var sum = scores[h &* plan.blockStride &+ r]
                for i in first..<plan.d {
                    sum = multiplyAdd(sum, q[i], Cache.element(key + i &* Cache.size))
                }
                scores[h &* plan.blockStride &+ r] = sum
            }
        }
    }

    // MARK: - Softmax

    /// Turns the block's scores of one head into weights, relative to the greatest score so far, and adds them up.
    @inline(__always)
    static func weigh(_ plan: AttentionPlan, _ state: AttentionState, _ head: Int, _ count: Int) {
        let scores = UnsafeMutableRawPointer(plan.scores + head &* plan.blockStride)
        let width = Vector.scalarCount &* 4
        var most = Vector(repeating: plan.greatest[head])
        var at = 0
        while at < count &* 4 {
            let lanes = min(Vector.scalarCount, count &- at / 4)
            most = larger(loadFirst(lanes, from: scores + at, filler: AttentionPlan.lowest), most)
            at &+= width
        }
        let greatest = largest(most)
        plan.factors[head] = attentionExp2(plan.greatest[head] - greatest)
        plan.greatest[head] = greatest
        var total = Vector()
        at = 0
        while at < count &* 4 {
            let lanes = min(Vector.scalarCount, count &- at / 4)
            let score: Vector = loadFirst(
                lanes, from: scores + at, filler: AttentionPlan.lowest)
            let exponents = InlineArray<1, Vector>(repeating: score - Vector(repeating: greatest))
            let weight = exp2(exponents)[unchecked: 0]
            total += weight
            scores.storeBytes(of: weight, toByteOffset: at, as: Vector.self)
            at &+= width
        }
        plan.totals[head] = plan.totals[head] * plan.factors[head] + sum(total)
    }

    // MARK: - Values

    /// Adds the block's values, weighted, to the sums of `queries` heads.
    @inline(__always)
    static func addValues(
        _ plan: AttentionPlan, _ state: AttentionState, _ head: Int, _ count: Int
    ) {
        let tile = vectors / Cache.group &* piece
        var i = 0
        while i &+ tile <= plan.d {
            valueTile(plan, state, head, count, i)
            i &+= tile
        }
        while i &+ piece <= plan.d {
            if Cache.group == 1 {
                CachedAttention<queries, rows, 1, Cache, Vector>.valueTile(
                    plan, state, head, count, i)
            } else {
                CachedAttention<queries, rows, 2, Cache, Vector>.valueTile(
                    plan, state, head, count, i)
            }
            i &+= piece
        }
        if i < plan.d { addRestOfValues(plan, state, head, count, i) }
    }

    /// The elements from i on that `vectors` vectors hold.
    @inline(__always)
    static func valueTile(
        _ plan: AttentionPlan, _ state: AttentionState, _ head: Int, _ count: Int, _ i: Int
    ) {
        let sumsInMemory = UnsafeMutableRawPointer(plan.sums + (head &* plan.d &+ i))
        var sums = Sums<vectors>(repeating: InlineArray<queries, Vector>(repeating: Vector()))
        var v = 0
        while v < vectors {
            var h = 0
            while h < queries {
                let at = (h &* plan.d &+ v &* Vector.scalarCount) &* 4
                sums[unchecked: v][unchecked: h] =
                    sumsInMemory.loadUnaligned(fromByteOffset: at, as: Vector.self)
                    * plan.factors[head &+ h]
                h &+= 1
            }
            v &+= 1
        }
        var value = state.values + (state.token &* plan.rowBytes &+ i &* Cache.size)
        var weights = UnsafePointer(plan.scores + head &* plan.blockStride)
        // Keys of the next block: each tile of the first heads asks for its share of them, in the order of memory.
        let prefetches = plan.prefetches && head == 0
        let share = vectors / Cache.group &* piece &* Cache.size
        var ahead =
            state.keys
            + ((state.token &+ count) &* plan.rowBytes &+ i &* Cache.size &* count)
        var token = 0
        while token < count {
            if prefetches { attentionPrefetch(ahead, share) }
            ahead += share
            var x = InlineArray<queries, Vector>(repeating: Vector())
            var h = 0
            while h < queries {
                x[unchecked: h] = Vector(repeating: weights[h &* plan.blockStride])
                h &+= 1
            }
            var v = 0
            while v < vectors {
                let y: Vector = Cache.load(
                    value + v / Cache.group &* piece &* Cache.size, part: v % Cache.group)
                var h = 0
                while h < queries {
                    sums[unchecked: v][unchecked: h] = multiplyAdd(
                        sums[unchecked: v][unchecked: h], x[unchecked: h], y)
                    h &+= 1
                }
                v &+= 1
            }
            value += plan.rowBytes
            weights += 1
            token &+= 1
        }
        v = 0
        while v < vectors {
            var h = 0
            while h < queries {
                let at = (h &* plan.d &+ v &* Vector.scalarCount) &* 4
                sumsInMemory.storeBytes(
                    of: sums[unchecked: v][unchecked: h], toByteOffset: at, as: Vector.self)
                h &+= 1
            }
            v &+= 1
        }
    }

    /// The elements beyond the whole pieces.
    @inline(never)
    static func addRestOfValues(
        _ plan: AttentionPlan, _ state: AttentionState, _ head: Int, _ count: Int, _ first: Int
    ) {
        for h in head..<(head &+ queries) {
            for i in first..<plan.d {
                var sum = plan.sums[h &* plan.d &+ i] * plan.factors[h]
                for token in 0..<count {
                    let row = (state.token &+ token) &* plan.rowBytes
                    let value = state.values + (row &+ i &* Cache.size)
                    let weight = plan.scores[h &* plan.blockStride &+ token]
                    sum = multiplyAdd(sum, weight, Cache.element(value))
                }
                plan.sums[h &* plan.d &+ i] = sum
            }
        }
    }

    /// Writes the sums, in the order of the row again: divided by the sum of weights to the result if there is one chunk, else to be merged.
    @inline(__always)
    static func finish(_ plan: AttentionPlan, _ state: AttentionState) {
        let whole = plan.d / piece &* piece
        for head in 0..<plan.group {
            let total = plan.totals[head]
            let factor = plan.chunks == 1 ? (total > 0 ? 1 / total : 0) : 1
            let from = plan.sums + head &* plan.d
            let to = state.result + head &* state.resultStride
            for i in 0..<plan.d { to[i] = from[i < whole ? position(i) : i] * factor }
            if plan.chunks != 1 { (to[plan.d], to[plan.d &+ 1]) = (plan.greatest[head], total) }
        }
    }
}
