/// What code ran on.
public struct Device: Hashable, Codable, Sendable {
    /// One cache as a core sees it.
    public struct Cache: Hashable, Codable, Sendable {
        /// 1 is nearest to the core.
        public var level: Int
        /// `data`, `instruction` or `unified`
        public var kind: String
        /// Capacity.
        public var bytes: Int

        /// Takes level, kind and capacity as read from sysfs.
        public init(level: Int, kind: String, bytes: Int) {
            self.level = level
            self.kind = kind
            self.bytes = bytes
        }
    }
    /// `AuthenticAMD`, `GenuineIntel`, or the name of an Arm implementer.
    public var vendor: String
    /// CPUID family; architecture version on AArch64.
    public var family: Int
    /// CPUID model; part number on AArch64.
    public var model: Int
    /// CPUID stepping; variant · 16 + revision on AArch64.
    public var stepping: Int
    /// The name it is sold under, empty where the system gives none.
    public var brand: String
    /// Microcode revision as the kernel prints it, empty where there is none.
    public var microcode: String
    /// Physical cores that this process may use.
    public var cores: Int
    /// Caches of one core, in the order the caller found them.
    public var caches: [Cache]
    /// The hypervisor's name, nil on bare metal.
    public var hypervisor: String?
    /// Flags of /proc/cpuinfo, sorted.
    public var features: [String]

    /// Takes every field; `init(cpuinfo:cores:caches:)` reads most of them.
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

    /// Hash of everything but `features`, which follow from it.
    public var fingerprint: Fingerprint {
        var parts: [(name: String, value: String)] = [
            ("vendor", vendor), ("family", "\(family)"), ("model", "\(model)"),
            ("stepping", "\(stepping)"), ("brand", brand), ("microcode", microcode),
            ("cores", "\(cores)"), ("hypervisor", hypervisor ?? ""),
        ]
        for cache in caches {
            parts.append(("cache", "L\(cache.level) \(cache.kind) \(cache.bytes)"))
        }
        return Fingerprint(parts)
    }
}

extension Device {
    /// Parses the text of /proc/cpuinfo; caches and core count come from the caller, who may read files.
    ///
    /// The first processor block counts. On x86 the `hypervisor` flag gives the hypervisor the name `present`; a caller who
    /// knows better sets it. On AArch64 family, model and stepping are architecture, part, and variant · 16 + revision.
    /// Throws `.target` when the text describes no processor.
    public init(cpuinfo: String, cores: Int, caches: [Cache]) throws(KernelSpaceError) {
        let fields = Self.firstProcessor(of: cpuinfo)
        func integer(_ key: String) -> Int { fields[key].flatMap(Self.integer) ?? 0 }
        let features: [String]
        if let vendor = fields["vendor_id"] {
            features = Self.words(fields["flags"])
            self.init(
                vendor: vendor, family: integer("cpu family"), model: integer("model"),
                stepping: integer("stepping"), brand: fields["model name"] ?? "",
                microcode: fields["microcode"] ?? "", cores: cores, caches: caches,
                hypervisor: features.contains("hypervisor") ? "present" : nil, features: features)
        } else if let implementer = fields["CPU implementer"] {
            features = Self.words(fields["Features"])
            self.init(
                vendor: Self.implementers[integer("CPU implementer")] ?? implementer,
                family: integer("CPU architecture"), model: integer("CPU part"),
                stepping: integer("CPU variant") &* 16 &+ integer("CPU revision"),
                brand: fields["model name"] ?? "", microcode: "", cores: cores, caches: caches,
                hypervisor: nil, features: features)
        } else {
            throw KernelSpaceError(
                .target,
                "cannot tell the processor: /proc/cpuinfo has neither \"vendor_id\" nor "
                    + "\"CPU implementer\"")
        }
    }

    /// Arm's main identification register, field Implementer (Arm ARM, MIDR_EL1).
    private static let implementers = [
        0x41: "ARM", 0x42: "Broadcom", 0x43: "Cavium", 0x46: "Fujitsu", 0x48: "HiSilicon",
        0x4e: "NVIDIA", 0x50: "APM", 0x51: "Qualcomm", 0x61: "Apple", 0xc0: "Ampere",
    ]

    /// Keys and values of the first block that has any; the block ends at an empty line.
    private static func firstProcessor(of text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            guard let colon = line.firstIndex(of: ":") else {
                if !fields.isEmpty { break }
                continue
            }
            fields[trimmed(line[..<colon])] = trimmed(line[line.index(after: colon)...])
        }
        return fields
    }

    private static func trimmed(_ text: Substring) -> String {
        let rest = text.drop(while: \.isWhitespace)
        let end = rest.lastIndex { !$0.isWhitespace }
        return end.map { String(rest[...$0]) } ?? ""
    }

    private static func integer(_ text: String) -> Int? {
        text.hasPrefix("0x") ? Int(text.dropFirst(2), radix: 16) : Int(text)
    }

    private static func words(_ text: String?) -> [String] {
        Set((text ?? "").split(separator: " ").map(String.init)).sorted()
    }
}
