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
