import CBench
import KernelSpace

/// Who computes the same as which kernel: one row a peer.
struct PeerTable {
    /// Computes with these buffers, in the manifest's order.
    typealias Call = (_ buffers: [UnsafeMutableRawPointer]) -> Void

    struct Row: Sendable {
        let kernel: String
        let name: String
        /// How far results may be from ours, as a share of the largest.
        var tolerance = 1e-4
        /// Nil where the library is missing, or knows nothing of the kind.
        let make: @Sendable (PeerLibraries, Problem) -> Call?
    }

    /// It rounds activations to eight bits.
    private static let ggmlTolerance = 2e-2
    /// A layer normalisation takes the mean away, which for our inputs is a few hundredths.
    private static let meanTolerance = 1e-1

    static let rows: [Row] =
        BLAS.Source.all.flatMap { source in
            [
                Row(kernel: "sgemm", name: source.name) { BLAS(source, $0)?.product($1) },
                Row(kernel: "attention_decode", name: source.name) {
                    BLAS(source, $0)?.attention($1)
                },
                Row(kernel: "attention_decode_bf16", name: source.name + ", float32 cache") {
                    BLAS(source, $0)?.attention($1, isBFloat16: true)
                },
            ]
        }
        + OneDNN.Source.all.flatMap { source in
            [
                Row(kernel: "sgemm", name: source.name) { source.product($0, $1) },
                Row(kernel: "gemm_u8s8s32", name: source.name) { source.productU8S8S32($0, $1) },
                Row(kernel: "gemm_bf16", name: source.name) { source.productBF16($0, $1) },
            ]
        }
        + [
            Row(kernel: "gemm_u8s8s32", name: "MKL") { MKL.productU8S8S32($0, $1) },
            Row(kernel: "gemm_bf16", name: "MKL") { MKL.productBF16($0, $1) },
            Row(kernel: "gemm_bf16", name: "oneDNN matmul") { OneDNN($0)?.productBF16($1) },
            Row(
                kernel: "rmsnorm", name: "oneDNN layer normalisation", tolerance: meanTolerance
            ) { OneDNN($0)?.normalisation($1, OneDNN.scale) },
            Row(kernel: "rmsnorm", name: "oneDNN") {
                OneDNN($0)?.normalisation($1, OneDNN.scale | OneDNN.rootMeanSquare)
            },
            Row(kernel: "softmax", name: "oneDNN") { OneDNN($0)?.softmax($1) },
            Row(kernel: "silu_mul", name: "oneDNN") { OneDNN($0)?.siluMultiply($1) },
            Row(kernel: "matmul_q8_0", name: "ggml", tolerance: ggmlTolerance) {
                GGML($0)?.product($1, .q8_0)
            },
            Row(kernel: "matmul_q4_0", name: "ggml", tolerance: ggmlTolerance) {
                GGML($0)?.product($1, .q4_0)
            },
            Row(kernel: "rope", name: "plain loop") { rope($1) },
        ]

    /// rope: buffers x, cos, sin, y.
    private static func rope(_ problem: Problem) -> Call? {
        guard let tokens = problem["tokens"], let heads = problem["heads"],
            let half = problem["half"], let ldx = problem["ldx"], let ldy = problem["ldy"],
            let ldtable = problem["ldtable"]
        else { return nil }
        return { buffers in
            let floats = buffers.map { $0.assumingMemoryBound(to: Float.self) }
            for token in 0..<tokens {
                for head in 0..<heads {
                    let place = head * 2 * half
                    plain_rope(
                        floats[3] + token * ldy + place, floats[0] + token * ldx + place,
                        floats[1] + token * ldtable, floats[2] + token * ldtable, Int64(half))
                }
            }
        }
    }
}
