import CSIMD

/// A layer of a neural network, C = f(A·B + bias): A is m×k, B is k×n, C is m×n, bias has n elements, and f is the identity, SiLU or GELU.
///
/// The product is `Sgemm`'s. Bias and activation are applied to each tile right after its last sums, while it is in the first-level cache.
///
/// Buffers: a, b, c, work (scratch), bias. Dimensions: m, n, k, lda, ldb, ldc (elements), activation (0 none, 1 SiLU, 2 GELU).
/// Arguments: packb, packc, mc, kc, nc, groups, threads.
enum SgemmBiasAct<
    let mr: Int, let nv: Int, let unroll: Int, let packa: Int, let fetch: Int, Vector: SIMD
> where Vector.Scalar == Float {
    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        BlockedSgemm<mr, nv, unroll, packa, fetch, Vector, BiasActivation<nv, Vector>>.run(
            call, thread)
    }
}

/// c = f(c + bias), `unroll` vectors side by side.
struct BiasActivation<let unroll: Int, Vector: SIMD>: SgemmEpilogue where Vector.Scalar == Float {
    private let bias: UnsafePointer<Float>
    private let activation: Int64

    @inline(__always)
    static var isNeeded: Bool { true }

    @inline(__always)
    init(_ call: UnsafePointer<KernelCall>) {
        bias = UnsafePointer(call.pointee.buffers[4].assumingMemoryBound(to: Float.self))
        activation = call.pointee.dimensions[6]
    }

    @inline(never)
    func finish(
        _ c: UnsafeMutablePointer<Float>, _ ldc: Int, rows: Int, columns: Int, from first: Int
    ) {
        for row in 0..<rows {
            var step = Step(c: c + row &* ldc, bias: bias + first, activation: activation)
            RowLoop<unroll, Vector>.run(&step, columns)
        }
    }

    struct Step: RowStep {
        typealias Block = RowLoop<unroll, Vector>.Block
        let c: UnsafeMutableRawPointer
        let bias: UnsafeRawPointer
        let activation: Int64

        @inline(__always)
        func compute(_ at: Int, _ count: Int) {
            let sums: Block = loadFirst(count, from: c + at)
            let shifts: Block = loadFirst(count, from: bias + at)
            let x = each(sums, shifts) { $0 + $1 }
            storeFirst(count, of: activation == 0 ? x : gated(x), to: c + at)
        }

        /// SiLU, x / (1 + e⁻ˣ), and GELU, x / (1 + e⁻ᵘ) with u = 2√(2/π) · (x + 0.044715 x³) (Hendrycks and Gimpel, 2016).
        @inline(__always)
        func gated(_ x: Block) -> Block {
            let powers = exp2(each(x) { $0 * slope($0) })
            return each(x, powers) { $0 / (Vector(repeating: 1) + $1) }
        }

        /// The exponent of two over x: log₂ e is in the factors.
        @inline(__always)
        func slope(_ x: Vector) -> Vector {
            if activation == 1 { return Vector(repeating: -1.442_695_04) }
            return multiplyAdd(
                Vector(repeating: -2.302_208_2), x * x, Vector(repeating: -0.102_943_24))
        }

        @inline(__always)
        func prefetch(_ at: Int) {}
    }
}
