import Foundation
import Testing

@testable import SIMDKernels

/// Of floats across the whole range, an even sample by bit pattern: every 4,001st.
@Suite struct ExpTests {
    static let sample: [Float] = stride(
        from: UInt32(0), to: Float.infinity.bitPattern, by: 4_001
    ).flatMap { [Float(bitPattern: $0), -Float(bitPattern: $0)] }

    /// Distance of `value` from `exact` in units of the last place that a float of that size has.
    static func error(_ value: Float, _ exact: Double) -> Double {
        let unit = max(Float(abs(exact)).ulp, Float.leastNonzeroMagnitude)
        return abs(Double(value) - exact) / Double(unit)
    }

    /// `function` of the sample within `range`, in blocks of two vectors, against `exact`.
    static func worst(
        in range: ClosedRange<Float>, exact: (Double) -> Double,
        _ function: (InlineArray<2, SIMD4<Float>>) -> InlineArray<2, SIMD4<Float>>
    ) -> (error: Double, at: Float) {
        let values = sample.filter(range.contains)
        var worst = (error: 0.0, at: Float(0))
        for start in stride(from: 0, to: values.count - 7, by: 8) {
            var block = InlineArray<2, SIMD4<Float>>(repeating: .zero)
            for index in 0..<8 { block[index / 4][index % 4] = values[start + index] }
            let result = function(block)
            for index in 0..<8 {
                let x = values[start + index]
                let error = error(result[index / 4][index % 4], exact(Double(x)))
                if error > worst.error { worst = (error, x) }
            }
        }
        return worst
    }

    @Test func `exp errs by at most 1.17 units in the last place, subnormal results too`() {
        let worst = Self.worst(in: -104...88.72, exact: Foundation.exp) { exp($0) }
        #expect(worst.error > 0.4 && worst.error <= 1.17, "\(worst)")
    }

    @Test func `exp2 errs by at most 2 units in the last place`() {
        let worst = Self.worst(in: -126.5...127.5, exact: Foundation.exp2) { exp2($0) }
        #expect(worst.error > 0.4 && worst.error <= 2, "\(worst)")
    }

    @Test func `beyond floats there is 0 and infinity, and NaN stays NaN`() {
        let block = InlineArray<1, SIMD4<Float>>(repeating: [-200, 200, .nan, 0])
        for result in [exp(block)[0], exp2(block)[0]] {
            #expect(result[0] == 0 && result[1] == .infinity && result[2].isNaN && result[3] == 1)
        }
        let ends: SIMD4<Float> = [-.infinity, .infinity, 88.73, -105]
        #expect(exp(InlineArray<1, _>(repeating: ends))[0] == [0, .infinity, .infinity, 0])
    }
}
