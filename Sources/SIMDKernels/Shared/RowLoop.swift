import CSIMD

/// What a kernel does with one block of a row.
///
/// A protocol and not a closure, because the optimizer leaves large closures uninlined, and then everything in them goes through memory.
protocol RowStep {
    /// Computes `count` floats from byte `at` of the row on: a whole block, or part of one at an end of the row.
    mutating func compute(_ at: Int, _ count: Int)
    /// Asks for the cache line that is needed some time after that at byte `at`.
    func prefetch(_ at: Int)
}

/// Loops along a row of n floats in blocks of `unroll` vectors.
///
/// What is left at the ends of a row is part of a block, computed as a whole one is: a loop of single floats would take as long as a good
/// part of the row.
enum RowLoop<let unroll: Int, Vector: SIMD> where Vector.Scalar == Float {
    typealias Block = InlineArray<unroll, Vector>

    /// Floats in a block.
    @inline(__always)
    static var size: Int { unroll &* Vector.scalarCount }

    /// All along the row. Blocks are aligned to the vector in `y`, as streaming stores must be and as other stores are faster: part of a block may come
    /// first.
    @inline(__always)
    static func run<Step: RowStep>(
        _ step: inout Step, _ n: Int, alignedIn y: UnsafeMutableRawPointer? = nil
    ) {
        let bytes = n &* 4
        let width = Vector.scalarCount &* 4
        var at = min(bytes, (width &- Int(bitPattern: y) & (width &- 1)) & (width &- 1))
        if at > 0 { step.compute(0, at / 4) }
        while at &+ size &* 4 <= bytes {
            var line = 0
            while line < size &* 4 {
                step.prefetch(at &+ line)
                line &+= 64
            }
            step.compute(at, size)
            at &+= size &* 4
        }
        if at < bytes { step.compute(at, (bytes &- at) / 4) }
    }

    /// Whether aligned blocks of `y` begin at its start.
    @inline(__always)
    static func isAligned(_ y: UnsafeRawPointer) -> Bool {
        Int(bitPattern: y) & (Vector.scalarCount &* 4 &- 1) == 0
    }

    /// Stores the first `count` floats of a block. Whole blocks go past the caches if `streams` says so; then `y` must be aligned to the vector, and a
    /// fence of the caller must follow.
    @inline(__always)
    static func store(
        _ block: Block, _ count: Int, to y: UnsafeMutableRawPointer, streams: Bool
    ) {
        if !streams || count != size { return storeFirst(count, of: block, to: y) }
        for u in 0..<unroll { stream(block[u], to: y + u &* Vector.scalarCount &* 4) }
    }
}
