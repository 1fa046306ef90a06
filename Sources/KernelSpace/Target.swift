/// What code is compiled for.
public struct Target: Hashable, Codable, Sendable {
    /// `cpu-avx2`
    public var name: String
    /// One line for people.
    public var summary: String
    /// `x86_64-unknown-linux-gnu`
    public var triple: String
    /// Arguments of swiftc that select the instruction set.
    public var flags: [String]
    /// Widest vector register, in bytes.
    public var vectorBytes: Int
    /// Architectural vector registers.
    public var vectorRegisters: Int
    /// Features the host must have, as /proc/cpuinfo names them.
    public var features: [String]

    /// Takes every field; the known targets are `all`.
    public init(
        name: String, summary: String, triple: String, flags: [String], vectorBytes: Int,
        vectorRegisters: Int, features: [String]
    ) {
        self.name = name
        self.summary = summary
        self.triple = triple
        self.flags = flags
        self.vectorBytes = vectorBytes
        self.vectorRegisters = vectorRegisters
        self.features = features
    }

    /// Every target, weakest first. `cpu-native` is no row: `resolve` turns it into one.
    ///
    /// Instruction sets are the psABI's x86-64 micro-architecture levels; `-Xcc -march=` selects them because swiftc's own
    /// `-target-cpu` knows no levels. LLVM prefers 256-bit vectors on several AVX-512 cores unless told otherwise.
    public static let all: [Target] = [
        x86(
            "cpu-sse4.2", "x86-64-v2: 128-bit vectors, no fused multiply-add",
            level: "x86-64-v2", vectorBytes: 16, vectorRegisters: 16, features: v2),
        x86(
            "cpu-avx2", "x86-64-v3: 256-bit vectors, fused multiply-add",
            level: "x86-64-v3", vectorBytes: 32, vectorRegisters: 16, features: v2 + v3),
        x86(
            "cpu-avx512", "x86-64-v4: 512-bit vectors",
            level: "x86-64-v4", more: ["-mprefer-vector-width=512"], vectorBytes: 64,
            vectorRegisters: 32, features: v2 + v3 + v4),
        x86(
            "cpu-avx512-vnni", "x86-64-v4 with int8 (VNNI) and bfloat16 dot products",
            level: "x86-64-v4",
            more: ["-mavx512vnni", "-mavx512bf16", "-mprefer-vector-width=512"], vectorBytes: 64,
            vectorRegisters: 32, features: v2 + v3 + v4 + ["avx512_vnni", "avx512_bf16"]),
    ]

    // The levels' features as Linux spells them: `pni` is SSE3, `abm` is LZCNT, `xsave` stands for OSXSAVE.
    private static let v2 = ["cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"]
    private static let v3 = ["abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"]
    private static let v4 = ["avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"]

    private static func x86(
        _ name: String, _ summary: String, level: String, more: [String] = [], vectorBytes: Int,
        vectorRegisters: Int, features: [String]
    ) -> Target {
        Target(
            name: name, summary: summary, triple: "x86_64-unknown-linux-gnu",
            flags: (["-march=\(level)"] + more).flatMap { ["-Xcc", $0] }, vectorBytes: vectorBytes,
            vectorRegisters: vectorRegisters, features: features.sorted())
    }

    /// The target of that name on `device`; `cpu-native` is the last of `all` that the device can run.
    /// Throws `.target` naming the missing features, or the known names for an unknown one.
    public static func resolve(_ name: String, on device: Device) throws(KernelSpaceError) -> Target
    {
        if name == "cpu-native" {
            if let best = all.last(where: { $0.missingFeatures(on: device).isEmpty }) {
                return best
            }
            let missing = all[0].missingFeatures(on: device).joined(separator: ", ")
            throw KernelSpaceError(
                .target,
                "no target runs on this device: even \(all[0].name) needs \(missing), which it lacks"
            )
        }
        guard let target = all.first(where: { $0.name == name }) else {
            let known = (all.map(\.name) + ["cpu-native"]).joined(separator: ", ")
            throw KernelSpaceError(
                .target, "there is no target \"\(name)\"; the targets are \(known)")
        }
        let missing = target.missingFeatures(on: device)
        guard missing.isEmpty else {
            throw KernelSpaceError(
                .target,
                "\(name) cannot run on this device, which lacks \(missing.joined(separator: ", ")); "
                    + "cpu-native picks the best target that can")
        }
        return target
    }

    /// Features of this target that `device` lacks.
    public func missingFeatures(on device: Device) -> [String] {
        features.filter { !device.features.contains($0) }
    }

    /// Names that `constants` gives values.
    public static let constantNames = ["vector_bytes", "vector_registers", "cores"]

    /// Names and values that constraints may use: `vector_bytes`, `vector_registers`, `cores`.
    public func constants(on device: Device) -> [String: Value] {
        [
            "vector_bytes": .integer(vectorBytes), "vector_registers": .integer(vectorRegisters),
            "cores": .integer(device.cores),
        ]
    }
}
