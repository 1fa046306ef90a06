import CSIMD
import Testing
import WorkerProtocol

@testable import SIMDKernels

@Suite struct TransposeTests {
    struct Shape: CustomTestStringConvertible, Sendable {
        var rows: Int, columns: Int
        /// Added to each leading dimension.
        var padding: Int
        var testDescription: String { "\(rows)×\(columns)+\(padding)" }
    }
    /// Less than a square, than a block, and several blocks with a remainder, with rows of b aligned alike and not.
    static let shapes: [Shape] = [
        Shape(rows: 0, columns: 5, padding: 0), Shape(rows: 1, columns: 1, padding: 0),
        Shape(rows: 3, columns: 37, padding: 1), Shape(rows: 17, columns: 31, padding: 0),
        Shape(rows: 64, columns: 128, padding: 0), Shape(rows: 131, columns: 67, padding: 5),
        Shape(rows: 160, columns: 271, padding: 0), Shape(rows: 272, columns: 150, padding: 16),
    ]
    struct Block: CustomTestStringConvertible, Sendable {
        var height: Int, width: Int
        var name: String
        var variant: Variant
        var testDescription: String { "\(height)×\(width), \(name)" }
    }
    static let blocks: [Block] = [
        Block(height: 16, width: 128, name: "SIMD16") {
            Transpose<16, 128, 0, SIMD16<Float>>.run($0, $1)
        },
        Block(height: 128, width: 16, name: "SIMD16, room") {
            Transpose<128, 16, 2, SIMD16<Float>>.run($0, $1)
        },
        Block(height: 32, width: 64, name: "SIMD8, room") {
            Transpose<32, 64, 4, SIMD8<Float>>.run($0, $1)
        },
        Block(height: 64, width: 16, name: "SIMD8") {
            Transpose<64, 16, 0, SIMD8<Float>>.run($0, $1)
        },
        Block(height: 16, width: 32, name: "SIMD4") {
            Transpose<16, 32, 0, SIMD4<Float>>.run($0, $1)
        },
    ]

    @Test(arguments: blocks, shapes)
    func `every element goes to its place and nothing else is touched`(
        block: Block, shape: Shape
    ) {
        var generator = SystemRandomNumberGenerator()
        let (lda, ldb) = (shape.columns + shape.padding, shape.rows + shape.padding)
        // The last row has no padding: what lies behind it may not be read.
        let a = GuardedFloats(
            count: max(0, shape.rows - 1) * lda + (shape.rows > 0 ? shape.columns : 0),
            using: &generator)
        for (strip, ahead, stream, threads) in [
            (128, 0, 0, 1), (128, 1, 1, 1), (512, 2, 1, 2), (65536, 8, 0, 3),
        ] {
            let b = GuardedFloats(
                count: max(0, shape.columns - 1) * ldb + (shape.columns > 0 ? shape.rows : 0),
                value: .infinity)
            let buffer = GuardedFloats(
                count: 2 * threads * block.width * (block.height + 16) + 16)
            callKernel(
                buffers: [a, b, buffer], dimensions: [shape.rows, shape.columns, lda, ldb],
                arguments: [strip, ahead, stream], threads: threads, block.variant)
            let expected = (0..<b.count).map { place in
                let (column, row) = (place / ldb, place % ldb)
                return row < shape.rows ? a.pointer[row * lda + column] : .infinity
            }
            #expect(
                b.values == expected,
                "strip \(strip), ahead \(ahead), stream \(stream), \(threads) threads")
        }
    }
}
