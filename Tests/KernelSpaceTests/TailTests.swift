import KernelSpace
import Testing

@Suite struct TailTests {
    private func tails(_ sizes: [String: Int]) throws -> [Problem] {
        let kernel = try SampleManifest.kernel()
        return kernel.tails(of: try kernel.problem(sizes))
    }

    @Test func `tails are problems of the kernel, each other than the tuned one`() throws {
        let kernel = try SampleManifest.kernel()
        let tuned = try kernel.problem(["m": 512, "n": 512, "k": 512])
        let tails = kernel.tails(of: tuned)
        #expect(tails.count == 6)
        #expect(Set(tails + [tuned]).count == 7)
        for tail in tails { _ = try kernel.layout(of: tail) }
    }

    @Test func `no size of a tail is a multiple of a tile`() throws {
        for tail in try tails(["m": 64, "n": 48, "k": 32]) {
            for name in ["m", "n", "k"] {
                let size = try #require(tail[name])
                #expect(size % 4 != 0 && size % 6 != 0 && size % 10 != 0)
            }
        }
    }

    @Test func `tails of a large problem cost no more than a small one`() throws {
        let kernel = try SampleManifest.kernel()
        for tail in try tails(["m": 4096, "n": 4096, "k": 4096]) {
            #expect(try kernel.work(on: tail).flops < 3e8)
        }
    }

    @Test func `rows of some tails lie apart`() throws {
        let apart = try tails(["m": 64, "n": 64, "k": 64]).filter { $0["lda"] != $0["k"] }
        #expect(!apart.isEmpty)
    }

    @Test(arguments: [0, 1, 2, 3]) func `tiny problems have tails too`(_ size: Int) throws {
        #expect(!(try tails(["m": size, "n": size, "k": size])).isEmpty)
    }
}
