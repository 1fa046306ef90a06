import KernelSpace
import Testing

@testable import Tuner

@Suite struct EvaluationKeyTests {
    private let configuration = TinyKernel.configuration(unroll: 1)

    private func key(
        _ tiny: TinyKernel, _ change: (inout HardwareEvaluator.Subject) -> Void = { _ in }
    )
        throws -> Fingerprint
    {
        var subject = try tiny.subject()
        change(&subject)
        return subject.key(of: configuration, builtBy: try tiny.library())
    }

    @Test(arguments: [
        ("values: [1, 2, 3, 5, 7]", "values: [1, 2, 3, 4, 5, 7]"),
        ("deterministic: true", "deterministic: false"),
        ("constraints: [lanes * 4 <= vector_bytes]", "constraints: [unroll < 9]"),
        ("summary: y = 3·x", "summary: three times x"),
        ("any: {lanes: 4, unroll: 1, chunk: 16}", "any: {lanes: 2, unroll: 2, chunk: 64}"),
        ("  - {n: 1000}", "  - {n: 999}"),
    ])
    func `what cannot change an evaluation leaves its key alone`(old: String, new: String)
        async throws
    {
        let changed = TinyKernel.manifest.replacing(old, with: new)
        try #require(changed != TinyKernel.manifest)
        let before = try key(await TinyKernel())
        #expect(try key(await TinyKernel(manifest: changed)) == before)
    }

    @Test(arguments: [
        ("relative: 1e-6", "relative: 1e-5"), ("cache: hot", "cache: cold"),
        ("uniform: [-1, 1]", "uniform: [-2, 1]"), ("  - {n: 5}", "  - {n: 6}"),
    ])
    func `what could change an evaluation changes its key`(old: String, new: String) async throws {
        let changed = TinyKernel.manifest.replacing(old, with: new)
        try #require(changed != TinyKernel.manifest)
        let before = try key(await TinyKernel())
        #expect(try key(await TinyKernel(manifest: changed)) != before)
    }

    @Test func `sources, problem, target and device are in the key`() async throws {
        let tiny = try await TinyKernel()
        let other = try await TinyKernel(source: TinyKernel.source + "// another\n")
        let kernel = try tiny.kernel
        let problem = try kernel.problem(["n": 1001])
        let before = try key(tiny)
        let keys = [
            before, try key(other),
            try key(tiny) { $0 = $0.replacing(problem: problem) },
            try key(tiny) { $0 = $0.replacing(flags: $0.target.flags + ["-Xcc", "-mno-fma"]) },
            try key(tiny) { $0 = $0.replacing(microcode: "0xffff") },
        ]
        #expect(Set(keys).count == keys.count)
        #expect(try key(tiny) == before)
    }

    @Test func `adding a value compiles no old specialization again`() async throws {
        let changed = TinyKernel.manifest.replacing(
            "values: [1, 2, 3, 5, 7]", with: "values: [1, 2, 3, 4, 5, 7]")
        let target = try await TinyKernel().subject().target
        let keys = try await [TinyKernel(), TinyKernel(manifest: changed)].map { tiny in
            let context = CodeContext(
                compilerBuild: "build", headers: try tiny.library().headersFingerprint,
                target: target)
            let kernel = try tiny.kernel
            let specialization = kernel.specialization(of: configuration)
            return context.variants(of: kernel, [specialization]).functions.map(\.key)
        }
        #expect(keys[0] == keys[1] && keys[0].count == 1)
    }
}

extension HardwareEvaluator.Subject {
    fileprivate func replacing(
        problem: Problem? = nil, flags: [String]? = nil, microcode: String? = nil
    ) -> HardwareEvaluator.Subject {
        var target = target
        target.flags = flags ?? target.flags
        var device = device
        device.microcode = microcode ?? device.microcode
        return HardwareEvaluator.Subject(
            kernel: kernel, problem: problem ?? self.problem, target: target, device: device,
            plan: plan)
    }
}
