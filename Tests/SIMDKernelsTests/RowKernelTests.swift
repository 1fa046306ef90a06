import CSIMD
import Testing
import WorkerProtocol

@testable import SIMDKernels

@Suite struct RowKernelTests {
    static let lengths = [0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 127, 257, 1021]

    static let dots: [Variant] = [
        { Dot<1, SIMD4<Float>>.run($0, $1) }, { Dot<8, SIMD8<Float>>.run($0, $1) },
        { Dot<3, SIMD16<Float>>.run($0, $1) },
    ]

    @Test("dot agrees with its reference at every length", arguments: lengths)
    func dot(n: Int) {
        var generator = SplitMix(seed: UInt64(n))
        let x = GuardedFloats(count: n, using: &generator)
        let y = GuardedFloats(count: n, using: &generator)
        let expected = ReferenceRow(count: 1)
        callKernel(buffers: [x, y], dimensions: [n]) { call, _ in
            DotReference.row(call, 0, expected.pointer)
        }
        for variant in Self.dots {
            for distance in [0, 256] {
                let result = GuardedFloats(count: 1)
                callKernel(
                    buffers: [x, y, result], dimensions: [n], arguments: [distance], variant)
                #expect(abs(Double(result.values[0]) - expected.values[0]) <= 2e-5)
            }
        }
    }

    static let norms: [Variant] = [
        { RMSNorm<1, SIMD4<Float>>.run($0, $1) }, { RMSNorm<4, SIMD8<Float>>.run($0, $1) },
        { RMSNorm<3, SIMD16<Float>>.run($0, $1) },
    ]

    @Test("rmsnorm agrees with its reference and leaves padding alone", arguments: lengths, [0, 3])
    func rmsnorm(n: Int, padding: Int) {
        var generator = SplitMix(seed: UInt64(n))
        let rows = 3, stride = n + padding
        let count = n == 0 ? 0 : (rows - 1) * stride + n
        let x = GuardedFloats(count: count, using: &generator)
        let weight = GuardedFloats(count: n, using: &generator)
        let dimensions = [rows, n, stride, stride]
        let expected = ReferenceRow(count: n)
        for (number, variant) in Self.norms.enumerated() {
            let y = GuardedFloats(count: count)
            callKernel(
                buffers: [x, weight, y], dimensions: dimensions, arguments: [number * 128],
                variant)
            let out = y.values
            for row in 0..<(n == 0 ? 0 : rows) {
                callKernel(buffers: [x, weight], dimensions: dimensions) { call, _ in
                    RMSNormReference.row(call, row, expected.pointer)
                }
                for (j, value) in expected.values.enumerated() {
                    let error = abs(Double(out[row * stride + j]) - value)
                    #expect(error <= 1e-6 + 2e-5 * abs(value))
                }
                for j in n..<max(n, min(stride, out.count - row * stride)) {
                    #expect(out[row * stride + j].isNaN, "padding written")
                }
            }
        }
    }
}
