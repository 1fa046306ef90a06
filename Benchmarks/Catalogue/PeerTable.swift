import KernelSpace
import WorkerProtocol

/// Who computes the same as which kernel: one row a peer.
struct PeerTable {
    /// Computes with these buffers, in the manifest's order.
    typealias Call = (_ buffers: [UnsafeMutableRawPointer]) -> Void

    struct Row: Sendable {
        let kernel: String
        let name: String
        /// Nil where the library is missing, or knows nothing of the kind.
        let make: @Sendable (PeerLibraries, Problem) -> Call?
    }

    private static let blis = ["libblis.so.4"]
    private static let mkl = ["libmkl_rt.so.3", "libmkl_rt.so.2"]
    private static let oneDNN = ["libdnnl.so.3", "libdnnl.so.2"]

    static let rows: [Row] = [
        Row(kernel: "sgemm", name: "OpenBLAS") { cblasSgemm($0, ["libopenblas.so.0"], $1) },
        Row(kernel: "sgemm", name: "OpenBLAS (PyPI)") {
            cblasSgemm($0, ["libscipy_openblas.so"], $1, symbol: "scipy_cblas_sgemm")
        },
        Row(kernel: "sgemm", name: "BLIS") { cblasSgemm($0, blis, $1) },
        Row(kernel: "sgemm", name: "MKL") { cblasSgemm($0, mkl, $1) },
        Row(kernel: "sgemm", name: "oneDNN", make: dnnlSgemm),
        Row(kernel: "gemm_u8s8s32", name: "oneDNN", make: dnnlU8S8S32),
        Row(kernel: "gemm_u8s8s32", name: "MKL", make: mklU8S8S32),
        Row(kernel: "gemm_bf16", name: "MKL", make: mklBF16),
        Row(kernel: "gemm_bf16", name: "oneDNN") { OneDNN($0)?.productBF16($1) },
        Row(kernel: "rmsnorm", name: "oneDNN") { OneDNN($0)?.rmsNorm($1) },
        Row(kernel: "softmax", name: "oneDNN") { OneDNN($0)?.softmax($1) },
        Row(kernel: "silu_mul", name: "oneDNN") { OneDNN($0)?.siluMultiply($1) },
        Row(kernel: "matmul_q8_0", name: "ggml") { GGML($0)?.product($1, .q8_0) },
        Row(kernel: "matmul_q4_0", name: "ggml") { GGML($0)?.product($1, .q4_0) },
    ]

    /// Row-major, nothing transposed, as CBLAS spells it.
    private static let rowMajor: Int32 = 101
    private static let plain: Int32 = 111

    @Sendable private static func cblasSgemm(
        _ libraries: PeerLibraries, _ names: [String], _ problem: Problem,
        symbol: String = "cblas_sgemm"
    ) -> Call? {
        typealias Function =
            @convention(c) (
                Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafeRawPointer, Int32,
                UnsafeRawPointer, Int32, Float, UnsafeMutableRawPointer, Int32
            ) -> Void
        guard let s = ProductSizes(problem),
            let multiply = libraries.function(symbol, of: names, as: Function.self)
        else { return nil }
        return { buffers in
            multiply(
                rowMajor, plain, plain, Int32(s.m), Int32(s.n), Int32(s.k), 1, buffers[0],
                Int32(s.lda), buffers[1], Int32(s.ldb), 0, buffers[2], Int32(s.ldc))
        }
    }

    @Sendable private static func dnnlSgemm(_ libraries: PeerLibraries, _ problem: Problem) -> Call?
    {
        typealias Function =
            @convention(c) (
                CChar, CChar, Int, Int, Int, Float, UnsafeRawPointer, Int, UnsafeRawPointer, Int,
                Float, UnsafeMutableRawPointer, Int
            ) -> Int32
        guard let s = ProductSizes(problem),
            let multiply = libraries.function("dnnl_sgemm", of: oneDNN, as: Function.self)
        else { return nil }
        let no = CChar(UInt8(ascii: "N"))
        return { buffers in
            _ = multiply(
                no, no, s.m, s.n, s.k, 1, buffers[0], s.lda, buffers[1], s.ldb, 0, buffers[2],
                s.ldc)
        }
    }

    @Sendable private static func dnnlU8S8S32(_ libraries: PeerLibraries, _ problem: Problem)
        -> Call?
    {
        typealias Function =
            @convention(c) (
                CChar, CChar, CChar, Int, Int, Int, Float, UnsafeRawPointer, Int, UInt8,
                UnsafeRawPointer, Int, Int8, Float, UnsafeMutableRawPointer, Int,
                UnsafePointer<Int32>
            ) -> Int32
        guard let s = ProductSizes(problem),
            let multiply = libraries.function("dnnl_gemm_u8s8s32", of: oneDNN, as: Function.self)
        else { return nil }
        let (no, fixed) = (CChar(UInt8(ascii: "N")), CChar(UInt8(ascii: "F")))
        return { buffers in
            var offset: Int32 = 0
            _ = multiply(
                no, no, fixed, s.m, s.n, s.k, 1, buffers[0], s.lda, 0, buffers[1], s.ldb, 0, 0,
                buffers[2], s.ldc, &offset)
        }
    }

    @Sendable private static func mklU8S8S32(_ libraries: PeerLibraries, _ problem: Problem)
        -> Call?
    {
        // In row-major order the first factor is the unsigned one.
        typealias Function =
            @convention(c) (
                Int32, Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafeRawPointer, Int32,
                Int8, UnsafeRawPointer, Int32, Int8, Float, UnsafeMutableRawPointer, Int32,
                UnsafePointer<Int32>
            ) -> Void
        let fixedOffset: Int32 = 173
        guard let s = ProductSizes(problem),
            let multiply = libraries.function("cblas_gemm_s8u8s32", of: mkl, as: Function.self)
        else { return nil }
        return { buffers in
            var offset: Int32 = 0
            multiply(
                rowMajor, plain, plain, fixedOffset, Int32(s.m), Int32(s.n), Int32(s.k), 1,
                buffers[0], Int32(s.lda), 0, buffers[1], Int32(s.ldb), 0, 0, buffers[2],
                Int32(s.ldc), &offset)
        }
    }

    @Sendable private static func mklBF16(_ libraries: PeerLibraries, _ problem: Problem) -> Call? {
        typealias Function =
            @convention(c) (
                Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafeRawPointer, Int32,
                UnsafeRawPointer, Int32, Float, UnsafeMutableRawPointer, Int32
            ) -> Void
        guard let s = ProductSizes(problem),
            let multiply = libraries.function(
                "cblas_gemm_bf16bf16f32", of: mkl, as: Function.self)
        else { return nil }
        return { buffers in
            multiply(
                rowMajor, plain, plain, Int32(s.m), Int32(s.n), Int32(s.k), 1, buffers[0],
                Int32(s.lda), buffers[1], Int32(s.ldb), 0, buffers[2], Int32(s.ldc))
        }
    }
}

/// Sizes of a product as its manifest names them.
struct ProductSizes {
    let m: Int, n: Int, k: Int, lda: Int, ldb: Int, ldc: Int

    init?(_ problem: Problem) {
        guard let m = problem["m"], let n = problem["n"], let k = problem["k"],
            let lda = problem["lda"], let ldb = problem["ldb"], let ldc = problem["ldc"]
        else { return nil }
        (self.m, self.n, self.k) = (m, n, k)
        (self.lda, self.ldb, self.ldc) = (lda, ldb, ldc)
    }
}
