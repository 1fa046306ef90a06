import Foundation
import KernelSpace

/// Products that only MKL's interface of BLAS has.
enum MKL {
    static let files = ["libmkl_rt.so.3", "libmkl_rt.so.2"]
    private static let fixedOffset: Int32 = 173

    /// gemm_u8s8s32: buffers a, b, c. In row-major order the first factor is the unsigned one.
    static func productU8S8S32(_ libraries: PeerLibraries, _ problem: Problem) -> PeerTable.Call? {
        typealias Multiply =
            @convention(c) (
                Int32, Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafeRawPointer, Int32,
                Int8, UnsafeRawPointer, Int32, Int8, Float, UnsafeMutableRawPointer, Int32,
                UnsafePointer<Int32>
            ) -> Void
        guard let s = ProductSizes(problem),
            let multiply = libraries.function("cblas_gemm_s8u8s32", of: files, as: Multiply.self)
        else { return nil }
        return { buffers in
            var offset: Int32 = 0
            multiply(
                BLAS.rowMajor, BLAS.plain, BLAS.plain, fixedOffset, Int32(s.m), Int32(s.n),
                Int32(s.k), 1, buffers[0], Int32(s.lda), 0, buffers[1], Int32(s.ldb), 0, 0,
                buffers[2], Int32(s.ldc), &offset)
        }
    }

    /// gemm_bf16: buffers a, b, c.
    static func productBF16(_ libraries: PeerLibraries, _ problem: Problem) -> PeerTable.Call? {
        typealias Multiply =
            @convention(c) (
                Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafeRawPointer, Int32,
                UnsafeRawPointer, Int32, Float, UnsafeMutableRawPointer, Int32
            ) -> Void
        guard let s = ProductSizes(problem),
            let multiply = libraries.function(
                "cblas_gemm_bf16bf16f32", of: files, as: Multiply.self)
        else { return nil }
        return { buffers in
            multiply(
                BLAS.rowMajor, BLAS.plain, BLAS.plain, Int32(s.m), Int32(s.n), Int32(s.k), 1,
                buffers[0], Int32(s.lda), buffers[1], Int32(s.ldb), 0, buffers[2], Int32(s.ldc))
        }
    }
}
