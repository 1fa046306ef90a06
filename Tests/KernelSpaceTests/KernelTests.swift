import Testing
import WorkerProtocol

@testable import KernelSpace

struct KernelTests {
    private func device(cores: Int = 2) -> Device {
        Device(
            vendor: "AuthenticAMD", family: 25, model: 17, stepping: 1, brand: "EPYC",
            microcode: "0x1", cores: cores, caches: [], hypervisor: nil,
            features: Target.all[1].features)
    }

    @Test func `A manifest is read whole`() throws {
        let kernel = try SampleManifest.kernel()
        #expect(kernel.name == "sgemm")
        #expect(kernel.summary == "Row-major single-precision matrix product, C = A·B.")
        #expect(kernel.dimensions.map(\.name) == ["m", "n", "k", "lda", "ldb", "ldc"])
        #expect(kernel.dimensions[0].summary == "rows of A and C")
        #expect(kernel.buffers.map(\.name) == ["a", "b", "c", "packed"])
        #expect(kernel.buffers.map(\.role) == [.input, .input, .output, .scratch])
        #expect(kernel.buffers[0].fill == .uniform(lower: -1, upper: 1))
        #expect(
            kernel.parameters.map(\.role) == [
                .vector(element: .float32), .integer, .integer, .integer, .argument, .argument,
                .argument, .threads,
            ])
        #expect(kernel.parameters[1].values == (1...6).map(Value.integer))
        #expect(kernel.constraints.count == 3)
        #expect(kernel.entryType == "Sgemm")
        #expect(kernel.generics == ["mr", "nv", "unroll", "lanes"])
        #expect(kernel.referenceType == "SgemmReference")
        #expect(kernel.work.figure == .flops)
        #expect(kernel.caching == .always(.hot))
        #expect(kernel.isDeterministic)
        #expect(kernel.defaults["cpu-avx2"]?["mr"] == .integer(6))
        #expect(kernel.sources.map(\.name) == ["Sgemm.swift", "Reduce.swift"])
        #expect(kernel.referenceSources.map(\.name) == ["Reference.swift"])
        #expect(
            kernel.verifyProblems.map(\.canonical) == [
                "m=0,n=0,k=0,lda=0,ldb=0,ldc=0", "m=7,n=17,k=5,lda=9,ldb=20,ldc=19",
            ])
        #expect(kernel.representativeProblems.map(\.description) == ["m=512,n=512,k=512"])
    }

    @Test func `A problem is completed, checked and printed as it was typed`() throws {
        let kernel = try SampleManifest.kernel()
        let problem = try kernel.problem(parsing: "m=3, n=4,k=5,ldb=4,ldc=9")
        #expect(problem.canonical == "m=3,n=4,k=5,lda=5,ldb=4,ldc=9")
        #expect(problem.description == "m=3,n=4,k=5,ldc=9")
        #expect(try kernel.problem(parsing: problem.description) == problem)
        let rows = [
            ("m=3,n=4", "sgemm: the dimension k is missing; a problem gives m, n, k"),
            ("m=3,n=4,k=5,lda=4", "sgemm: lda=4 is less than 5 (k)"),
            ("m=-1,n=4,k=5", "sgemm: m=-1 is less than 0"),
            (
                "m=3,n=4,k=5,ldx=4",
                "sgemm: unknown dimension \"ldx\", did you mean \"lda\"? allowed: m, n, k, lda, ldb, ldc"
            ),
            ("m=3,n=4,k=5,m=3", "sgemm: the problem gives m twice"),
            (
                "m=3,n=x",
                "sgemm: \"n=x\" in a problem is not of the form dimension=integer; write m=512,n=512,k=512"
            ),
        ]
        for (text, message) in rows {
            let error = #expect(throws: KernelSpaceError.self) { try kernel.problem(parsing: text) }
            #expect(error?.description == message)
            #expect(error?.code == .problem)
        }
    }

    @Test func `A layout states shapes, strides and tolerances in numbers`() throws {
        let kernel = try SampleManifest.kernel()
        let problem = try kernel.problem(["m": 3, "n": 4, "k": 5, "lda": 8])
        let layout = try kernel.layout(of: problem)
        #expect(layout.dimensions == [3, 4, 5, 8, 4, 4])
        #expect(layout.buffers.map(\.shape) == [[3, 5], [5, 4], [3, 4], [0]])
        #expect(layout.buffers.map(\.strides) == [[8, 1], [4, 1], [4, 1], [1]])
        #expect(layout.buffers.map(\.elementCount) == [21, 20, 12, 0])
        #expect(layout.absoluteTolerance == 6e-6)
        #expect(layout.relativeTolerance == 1e-5)
        #expect(layout.operations == 120)
        #expect(try kernel.work(on: problem) == (120, 4 * (15 + 20 + 12)))
        let empty = try kernel.layout(of: kernel.problem(["m": 0, "n": 4, "k": 0]))
        #expect(empty.buffers.map(\.elementCount) == [0, 0, 0, 0])
    }

    @Test func `Without strides a buffer is row-major`() throws {
        let kernel = try SampleManifest.kernel(
            SampleManifest.replacing(", strides: [ldb, 1]", "").replacing(
                "[k, n]", with: "[k, 3, n]"))
        let layout = try kernel.layout(of: kernel.problem(["m": 1, "n": 4, "k": 5]))
        #expect(layout.buffers[1].shape == [5, 3, 4])
        #expect(layout.buffers[1].strides == [12, 4, 1])
        #expect(layout.buffers[1].elementCount == 60)
    }

    @Test func `A layout beyond the bounds is refused`() throws {
        let kernel = try SampleManifest.kernel()
        let rows = [
            (
                ["m": 1 << 20, "n": 1, "k": 1 << 20],
                "sgemm: buffer a of shape [1048576, 1048576] is larger than 68719476736 bytes"
            ),
            (
                ["m": 1 << 60, "n": 1, "k": 1 << 60],
                "sgemm: buffer a of shape [1152921504606846976, 1152921504606846976] is larger than "
                    + "68719476736 bytes"
            ),
            (
                ["m": 2, "n": 1, "k": 1, "lda": Int.max],
                "sgemm: buffer a: strides [9223372036854775807, 1] of shape [2, 1] overlap or span more "
                    + "than 68719476736 bytes"
            ),
        ]
        for (given, message) in rows {
            let problem = try kernel.problem(given)
            let error = #expect(throws: KernelSpaceError.self) { try kernel.layout(of: problem) }
            #expect(error?.description == message)
        }
        let loose = try SampleManifest.kernel(
            SampleManifest.replacing("{default: k, minimum: k, summary", "{default: k, summary"))
        let overlapping = try loose.problem(["m": 2, "n": 1, "k": 4, "lda": 3])
        #expect(throws: KernelSpaceError.self) { try loose.layout(of: overlapping) }
    }

    @Test func `A configuration gives arguments, threads, scratch and a specialization`() throws {
        let kernel = try SampleManifest.kernel()
        let problem = try kernel.problem(["m": 3, "n": 4, "k": 5])
        let configuration = try #require(kernel.defaults["cpu-avx2"])
        #expect(try kernel.arguments(of: configuration) == [96, 256, 4096, 4])
        #expect(kernel.threads(of: configuration) == 4)
        #expect(try kernel.scratch(of: configuration, on: problem) == [(96 + 256) * 4096])
        #expect(
            kernel.specialization(of: configuration).description == "lanes=8,mr=6,nv=2,unroll=1")
        #expect(throws: KernelSpaceError.self) { try kernel.arguments(of: Configuration([:])) }
        #expect(throws: KernelSpaceError.self) {
            try kernel.scratch(of: Configuration([:]), on: problem)
        }
        let negative = try SampleManifest.kernel(
            SampleManifest.replacing("(mc + kc) * nc", "mc - kc"))
        #expect(throws: KernelSpaceError.self) {
            try negative.scratch(of: configuration, on: problem)
        }
        let huge = try SampleManifest.kernel(
            SampleManifest.replacing("(mc + kc) * nc", "mc * 2 ** 40"))
        #expect(throws: KernelSpaceError.self) { try huge.scratch(of: configuration, on: problem) }
    }

    @Test func `The default is the author's, or the nearest valid one`() throws {
        let kernel = try SampleManifest.kernel()
        let problem = try kernel.problem(["m": 3, "n": 4, "k": 5])
        let avx2 = Target.all[1]
        let many = try kernel.searchSpace(for: problem, target: avx2, device: device(cores: 4))
        let wanted = try #require(kernel.defaults["cpu-avx2"])
        #expect(kernel.defaultConfiguration(for: avx2, in: many) == wanted)
        let few = try kernel.searchSpace(for: problem, target: avx2, device: device(cores: 2))
        var expected = wanted
        expected.values["threads"] = .integer(2)
        #expect(kernel.defaultConfiguration(for: avx2, in: few) == expected)
        let sse = try kernel.searchSpace(for: problem, target: Target.all[0], device: device())
        #expect(
            kernel.defaultConfiguration(for: Target.all[0], in: sse) == kernel.defaults["any"])
        #expect((0..<sse.count).allSatisfy { sse[$0]["lanes"] == .integer(4) })
        let none = try kernel.searchSpace(for: problem, target: avx2, device: device(cores: 0))
        #expect(kernel.defaultConfiguration(for: avx2, in: none) == nil)
        var silent = kernel
        silent.defaults = [:]
        #expect(silent.defaultConfiguration(for: avx2, in: few) == few[0])
    }

    @Test func `Constraints may read dimensions`() throws {
        let kernel = try SampleManifest.kernel(
            SampleManifest.replacing("threads <= cores", "threads <= cores and mc <= max(m, 48)"))
        func values(_ m: Int) throws -> Set<Value> {
            let space = try kernel.searchSpace(
                for: kernel.problem(["m": m, "n": 1, "k": 1]), target: Target.all[1],
                device: device())
            return Set((0..<space.count).compactMap { space[$0]["mc"] })
        }
        #expect(try values(3) == [.integer(48)])
        #expect(try values(100) == [.integer(48), .integer(96)])
    }

    @Test func `What cannot change an evaluation does not change the fingerprint`() throws {
        let fingerprint = try SampleManifest.kernel().fingerprint
        for (old, new) in [
            ("values: [48, 96, 192]", "values: [48, 64, 96, 192]"),
            ("summary: Row-major single", "summary: A single"), ("rows of A and C}", "rows}"),
            ("threads <= cores", "threads <= cores and mr > 1"),
            ("mr: 6, nv: 2", "mr: 5, nv: 2"), ("{m: 512, n: 512, k: 512}", "{m: 9, n: 9, k: 9}"),
            ("2 * m * n * k", "3 * m * n * k"), ("source: Goto", "source: K. Goto"),
            ("lda: {default: k, minimum: k", "lda: {default: k, minimum: 1 * k"),
        ] {
            let changed = try SampleManifest.kernel(SampleManifest.replacing(old, new)).fingerprint
            #expect(changed == fingerprint, "\(new)")
        }
    }

    @Test func `Calls are cold on the problems that a condition names`() throws {
        func policy(_ cache: String, _ problem: String) throws -> CachePolicy {
            let kernel = try SampleManifest.kernel(SampleManifest.replacing("cache: hot", cache))
            return try kernel.cachePolicy(on: try kernel.problem(parsing: problem))
        }
        #expect(try policy("cache: cold", "m=9,n=1,k=1") == .cold)
        #expect(try policy("cache: {cold: m <= 8}", "m=8,n=1,k=1") == .cold)
        #expect(try policy("cache: {cold: m <= 8}", "m=9,n=1,k=1") == .hot)
        let error = #expect(throws: KernelSpaceError.self) {
            try policy("cache: {cold: 9 / (k - 1) > 1}", "m=1,n=1,k=1")
        }
        #expect(error?.message == "sgemm: cache.cold, \"9 / (k - 1) > 1\", division by zero")
    }

    @Test func `What can change an evaluation changes the fingerprint`() throws {
        var seen = [try SampleManifest.kernel().fingerprint]
        for (old, new) in [
            ("type: Sgemm\n", "type: Sgemm2\n"), ("[mr, nv, unroll", "[nv, mr, unroll"),
            ("type: SgemmReference", "type: Other"),
            (
                "shape: [k, n], strides: [ldb, 1], fill: {uniform: [-1, 1]}",
                "shape: [k, n], strides: [ldb, 1], fill: {uniform: [-2, 1]}"
            ),
            ("shape: [k, n], strides: [ldb, 1]", "shape: [k, n + 0], strides: [ldb, 1]"),
            (", strides: [ldc, 1]", ", strides: [ldc + 0, 1]"),
            ("absolute: 1e-6", "absolute: 2e-6"), ("relative: 1e-5", "relative: 2e-5"),
            ("cache: hot", "cache: cold"), ("cache: hot", "cache: {cold: m <= 8}"),
            ("{m: 0, n: 0, k: 0}", "{m: 1, n: 0, k: 0}"),
            ("(mc + kc) * nc", "(mc + kc) * nc + 1"), ("c: {role: output", "y: {role: output"),
            ("nc: {argument", "x: {argument"),
        ] {
            var text = SampleManifest.replacing(old, new)
            if new.hasPrefix("x:") {
                text = text.replacing("* nc", with: "* x").replacing("nc: 4096", with: "x: 4096")
            }
            let changed = try SampleManifest.kernel(text).fingerprint
            #expect(!seen.contains(changed), "\(new)")
            seen.append(changed)
        }
        for name in SampleManifest.files.keys {
            var files = SampleManifest.files
            files[name]? += " "
            let changed = try SampleManifest.kernel(files: files).fingerprint
            #expect(!seen.contains(changed), "\(name)")
            seen.append(changed)
        }
    }
}
