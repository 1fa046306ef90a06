import CSIMD

/// What is done to elements of C once their sums are complete: tile by tile, while they are in the first-level cache.
protocol SgemmEpilogue {
    /// Whether it does anything: of an empty `finish` the optimizer would leave traces.
    static var isNeeded: Bool { get }

    init(_ call: UnsafePointer<KernelCall>)

    /// Changes `rows` × `columns` at `c`, rows `ldc` apart; `first` is the first one's column in C.
    func finish(
        _ c: UnsafeMutablePointer<Float>, _ ldc: Int, rows: Int, columns: Int, from first: Int)
}

/// Leaves C as it is.
struct NoEpilogue: SgemmEpilogue {
    @inline(__always)
    static var isNeeded: Bool { false }

    @inline(__always)
    init(_ call: UnsafePointer<KernelCall>) {}

    @inline(__always)
    func finish(
        _ c: UnsafeMutablePointer<Float>, _ ldc: Int, rows: Int, columns: Int, from first: Int
    ) {}
}
