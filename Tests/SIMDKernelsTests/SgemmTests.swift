import CSIMD
import Testing
import WorkerProtocol

@testable import SIMDKernels

@Suite struct SgemmTests {
    struct Shape: CustomTestStringConvertible, Sendable {
        var m: Int, n: Int, k: Int
        /// Added to each leading dimension.
        var padding: Int
        var testDescription: String { "\(m)×\(n)×\(k)+\(padding)" }
    }
    static let shapes: [Shape] = [
        Shape(m: 0, n: 0, k: 0, padding: 0), Shape(m: 0, n: 4, k: 2, padding: 1),
        Shape(m: 3, n: 5, k: 0, padding: 2), Shape(m: 1, n: 1, k: 1, padding: 0),
        Shape(m: 1, n: 17, k: 5, padding: 0), Shape(m: 5, n: 1, k: 7, padding: 3),
        Shape(m: 15, n: 63, k: 3, padding: 1), Shape(m: 16, n: 64, k: 16, padding: 0),
        Shape(m: 17, n: 65, k: 37, padding: 5), Shape(m: 31, n: 29, k: 41, padding: 0),
        Shape(m: 20, n: 61, k: 41, padding: 3),
    ]
    /// One specialization, with what the scratch buffer's size needs.
    struct Tile: Sendable {
        var name: String
        var mr: Int, nr: Int
        var packsA = false
        var variant: Variant
    }
    static let variants: [Tile] = [
        Tile(name: "1×1, SIMD4", mr: 1, nr: 4) { Sgemm<1, 1, 1, 0, 0, SIMD4<Float>>.run($0, $1) },
        Tile(name: "6×2, SIMD8, packed", mr: 6, nr: 16, packsA: true) {
            Sgemm<6, 2, 2, 1, 0, SIMD8<Float>>.run($0, $1)
        },
        Tile(name: "4×3, SIMD8, prefetching", mr: 4, nr: 24) {
            Sgemm<4, 3, 2, 0, 2, SIMD8<Float>>.run($0, $1)
        },
        Tile(name: "3×3, SIMD4, packed, prefetching", mr: 3, nr: 12, packsA: true) {
            Sgemm<3, 3, 1, 1, 1, SIMD4<Float>>.run($0, $1)
        },
        Tile(name: "10×2, SIMD16", mr: 10, nr: 32) {
            Sgemm<10, 2, 2, 0, 0, SIMD16<Float>>.run($0, $1)
        },
    ]

    /// Values of the arguments, as the manifest orders them.
    struct Blocks: CustomStringConvertible {
        var packb: Int, packc: Int
        var mc: Int, kc: Int, nc: Int
        var groups: Int, threads: Int
        var arguments: [Int] { [packb, packc, mc, kc, nc, groups, threads] }
        var description: String { "\(arguments)" }
    }

    /// The manifest's formula for the scratch buffer.
    static func scratch(_ s: Shape, _ tile: Tile, _ blocks: Blocks) -> Int {
        let mr = tile.mr
        let rows = max(mr, min(blocks.mc / mr, (s.m + mr - 1) / mr) * mr)
        let depth = (min(blocks.kc, s.k) + 15) / 16 * 16
        let sums = blocks.packc * rows * (min(blocks.nc, s.n) + tile.nr)
        let panels = ((tile.packsA ? rows : mr) + blocks.packb * tile.nr) * depth
        return blocks.threads * ((panels + sums + 15) / 16 * 16) + 16
    }

    @Test(
        "every shape, tile, packing and thread count agrees with the reference and leaves padding alone",
        arguments: shapes, [1, 2])
    func agrees(shape: Shape, threads: Int) {
        for (mc, kc, nc) in [(192, 256, 4096), (7, 5, 9)] {
            for packings in 0..<4 {
                check(
                    shape,
                    Blocks(
                        packb: packings & 1, packc: packings >> 1, mc: mc, kc: kc, nc: nc,
                        groups: threads, threads: threads), seed: 1)
            }
        }
    }

    @Test("random shapes and blocks agree with the reference", arguments: UInt64(1)...24)
    func randomShapes(seed: UInt64) {
        var generator = SplitMix(seed: seed)
        func random(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &generator) }
        let shape = Shape(
            m: random(0...20), n: random(0...70), k: random(0...24), padding: random(0...3))
        let blocks = Blocks(
            packb: random(0...1), packc: random(0...1), mc: random(1...24), kc: random(1...16),
            nc: random(1...80), groups: random(1...3), threads: random(1...4))
        check(shape, blocks, seed: seed)
    }

    /// Every variant on one shape.
    func check(_ s: Shape, _ blocks: Blocks, seed: UInt64) {
        var generator = SplitMix(seed: seed)
        let lda = s.k + s.padding, ldb = s.n + s.padding, ldc = s.n + s.padding
        func size(_ rows: Int, _ columns: Int, _ stride: Int) -> Int {
            rows == 0 || columns == 0 ? 0 : (rows - 1) * stride + columns
        }
        let a = GuardedFloats(count: size(s.m, s.k, lda), using: &generator)
        let b = GuardedFloats(count: size(s.k, s.n, ldb), using: &generator)
        let dimensions = [s.m, s.n, s.k, lda, ldb, ldc]
        let expected = reference(a, b, dimensions)
        for tile in Self.variants {
            let c = GuardedFloats(count: size(s.m, s.n, ldc))
            let work = GuardedFloats(count: Self.scratch(s, tile, blocks))
            callKernel(
                buffers: [a, b, c, work], dimensions: dimensions, arguments: blocks.arguments,
                threads: blocks.threads, tile.variant)
            let out = c.values
            for i in 0..<(out.isEmpty ? 0 : s.m) {
                for j in 0..<min(ldc, out.count - i * ldc) {
                    let value = out[i * ldc + j]
                    if j < s.n {
                        let error = abs(Double(value) - expected[i * s.n + j])
                        #expect(
                            error <= 4e-7 * Double(s.k + 8),
                            "\(tile.name) of \(s) with \(blocks), seed \(seed), at \(i), \(j)")
                    } else {
                        #expect(value.isNaN, "\(tile.name) of \(s) wrote padding at \(i), \(j)")
                    }
                }
            }
        }
    }

    func reference(_ a: GuardedFloats, _ b: GuardedFloats, _ dimensions: [Int]) -> [Double] {
        let m = dimensions[0], n = dimensions[1]
        guard m > 0, n > 0 else { return [] }
        let rows = ReferenceRow(count: n)
        var out: [Double] = []
        for i in 0..<m {
            callKernel(buffers: [a, b], dimensions: dimensions) { call, _ in
                SgemmReference.row(call, i, rows.pointer)
            }
            out += rows.values
        }
        return out
    }
}

/// One row of a reference's result.
final class ReferenceRow: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Double>
    private let count: Int
    init(count: Int) {
        self.count = count
        pointer = .allocate(capacity: max(count, 1))
    }
    deinit { pointer.deallocate() }
    var values: [Double] { Array(UnsafeBufferPointer(start: pointer, count: count)) }
}
