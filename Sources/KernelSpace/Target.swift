/// What code is compiled for.
public struct Target: Hashable, Codable, Sendable {
    /// `cpu-avx2`
    public var name: String
    public var summary: String
    /// `x86_64-unknown-linux-gnu`
    public var triple: String
    /// Arguments of swiftc that select the instruction set.
    public var flags: [String]
    /// Widest vector register, in bytes.
    public var vectorBytes: Int
    public var vectorRegisters: Int
    /// Features the host must have, as /proc/cpuinfo names them.
    public var features: [String]

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
    public static let all: [Target] = []

    /// The target of that name on `device`; `cpu-native` is the last of `all` that the device can run.
    /// Throws `.target` naming the missing features, or the known names for an unknown one.
    public static func resolve(_ name: String, on device: Device) throws(KernelSpaceError) -> Target
    {
        fatalError("replaced by the table")
    }

    /// Features of this target that `device` lacks.
    public func missingFeatures(on device: Device) -> [String] {
        features.filter { !device.features.contains($0) }
    }

    /// Names and values that constraints may use: `vector_bytes`, `vector_registers`, `cores`.
    public func constants(on device: Device) -> [String: Value] {
        [
            "vector_bytes": .integer(vectorBytes), "vector_registers": .integer(vectorRegisters),
            "cores": .integer(device.cores),
        ]
    }
}
