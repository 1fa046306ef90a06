/// What code ran on.
public struct Device: Hashable, Codable, Sendable {
    public struct Cache: Hashable, Codable, Sendable {
        public var level: Int
        /// `data`, `instruction` or `unified`
        public var kind: String
        public var bytes: Int

        public init(level: Int, kind: String, bytes: Int) {
            self.level = level
            self.kind = kind
            self.bytes = bytes
        }
    }
    public var vendor: String
    public var family: Int
    public var model: Int
    public var stepping: Int
    public var brand: String
    public var microcode: String
    /// Physical cores that this process may use.
    public var cores: Int
    public var caches: [Cache]
    /// The hypervisor's name, nil on bare metal.
    public var hypervisor: String?
    /// Flags of /proc/cpuinfo, sorted.
    public var features: [String]

    public init(
        vendor: String, family: Int, model: Int, stepping: Int, brand: String, microcode: String,
        cores: Int, caches: [Cache], hypervisor: String?, features: [String]
    ) {
        self.vendor = vendor
        self.family = family
        self.model = model
        self.stepping = stepping
        self.brand = brand
        self.microcode = microcode
        self.cores = cores
        self.caches = caches
        self.hypervisor = hypervisor
        self.features = features
    }

    /// Parses the text of /proc/cpuinfo; caches and core count come from the caller, who may read files.
    public init(cpuinfo: String, cores: Int, caches: [Cache]) throws(KernelSpaceError) {
        fatalError("replaced by the parser")
    }

    /// Hash of everything but `features`, which follow from it.
    public var fingerprint: Fingerprint { fatalError("replaced") }
}
