import KernelSpace

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
/// Reads what this host is from /proc and /sys.
public struct DeviceProbe: Sendable {
    /// What identities are made of.
    public let device: Device
    /// The core that measurements run on: the last that this process may use, since interrupts and other work gather on the first.
    public let measuringCore: Int
    /// Numbers of the processors, hyper-threads counted, that this process may use, ascending.
    public let allowed: [Int]
    /// How many those are.
    public var processors: Int { max(allowed.count, 1) }

    /// Throws `.internal` when /proc/cpuinfo cannot be read or understood.
    public init() throws(TunerError) {
        allowed = Self.allowedProcessors()
        guard let cpuinfo = Self.text(of: "/proc/cpuinfo") else {
            throw TunerError(
                .internal, "cannot read /proc/cpuinfo, which says what this device is",
                hint: "mount /proc")
        }
        do {
            device = try Device(
                cpuinfo: cpuinfo, cores: Self.physicalCores(of: allowed),
                caches: Self.caches(of: allowed.first ?? 0))
        } catch {
            throw TunerError(.internal, "cannot understand /proc/cpuinfo: \(error)")
        }
        measuringCore = allowed.last ?? 0
    }

    /// Numbers of the processors in this process's affinity mask, ascending.
    private static func allowedProcessors() -> [Int] {
        let key = "Cpus_allowed_list:"
        let lines = text(of: "/proc/self/status")?.split(separator: "\n") ?? []
        guard let line = lines.first(where: { $0.hasPrefix(key) }) else { return [0] }
        return processors(in: line.dropFirst(key.count).filter { !$0.isWhitespace })
    }

    /// `0-3,8` as the kernel writes lists of processors.
    static func processors(in list: String) -> [Int] {
        list.split(separator: ",").flatMap { range -> [Int] in
            let ends = range.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, first <= last else { return [] }
            return Array(first...last)
        }
    }

    /// Different (package, core) pairs among `processors`; each counts as one where /sys does not tell.
    private static func physicalCores(of processors: [Int]) -> Int {
        let cores = processors.map { number in
            let folder = "/sys/devices/system/cpu/cpu\(number)/topology"
            guard let package = text(of: folder + "/physical_package_id"),
                let core = text(of: folder + "/core_id")
            else { return "\(number)" }
            return package + "/" + core
        }
        return max(Set(cores).count, 1)
    }

    private static func caches(of processor: Int) -> [Device.Cache] {
        let folder = "/sys/devices/system/cpu/cpu\(processor)/cache"
        var caches: [Device.Cache] = []
        for index in 0..<16 {
            let place = "\(folder)/index\(index)"
            guard let level = text(of: place + "/level").flatMap({ Int($0) }),
                let kind = text(of: place + "/type"),
                let bytes = text(of: place + "/size").flatMap(bytes)
            else { break }
            caches.append(Device.Cache(level: level, kind: kind.lowercased(), bytes: bytes))
        }
        return caches
    }

    /// `32K`, `2M` or plain bytes.
    static func bytes(_ text: String) -> Int? {
        let digits = text.prefix { $0.isNumber }
        guard let number = Int(digits) else { return nil }
        switch text.dropFirst(digits.count) {
        case "K": return number << 10
        case "M": return number << 20
        case "": return number
        default: return nil
        }
    }

    /// The text of a file without surrounding white space; nil if it cannot be read.
    static func text(of path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        return String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
