/// What a host has counted up to one moment. Nil: the system does not tell.
struct HostCounters: Hashable, Sendable {
    /// A core's time since the system started, in the kernel's ticks.
    struct CoreTime: Hashable, Sendable {
        /// Executing anything.
        var busy: Int
        /// Wanted, but given to another guest by the hypervisor.
        var stolen: Int
        /// All of it, idle time included.
        var total: Int

        /// No system is up this long, and sums stay far from an overflow.
        private static let limit = 1 << 56

        /// A line of /proc/stat: `cpu1 user nice system idle iowait irq softirq steal …`; nil for anything else.
        init?(_ fields: [Substring]) {
            let values = fields.dropFirst().map { Int($0) ?? -1 }
            // Kernels before 2.6.11 have no eighth value, the stolen time.
            guard values.count >= 8, values.allSatisfy((0..<Self.limit).contains) else {
                return nil
            }
            // Guest time, from the ninth value on, is within user and nice.
            total = values.prefix(8).reduce(0, +)
            stolen = values[7]
            busy = total - values[3] - values[4] - stolen
        }
    }

    /// By number.
    var cores: [Int: CoreTime]
    /// Tasks that ran or wanted to, the mean of a minute, and their number at this moment.
    var load: Double?
    var runnable: Int?
    /// How often the core or its package was slowed because of heat.
    var throttles: Int?
    /// The hottest sensor, in °C.
    var temperature: Double?

    private static let sensorLimit = 64

    /// Takes what `read` finds in /proc and /sys; it answers nil for files that cannot be read.
    init(core: Int, read: (String) -> String?) {
        cores = Self.cores(in: read("/proc/stat") ?? "")
        let words = (read("/proc/loadavg") ?? "").split(separator: " ")
        load = words.first.flatMap { Double($0) }
        // `2/180`: those that run or want to, of all.
        let tasks = words.count > 3 ? words[3].split(separator: "/").map { Int($0) } : []
        runnable = tasks.count == 2 ? tasks[0] : nil
        let folder = "/sys/devices/system/cpu/cpu\(core)/thermal_throttle"
        throttles = Self.sum(
            ["core_throttle_count", "package_throttle_count"].map {
                read("\(folder)/\($0)").flatMap { Int($0) }
            })
        temperature = Self.temperature(read)
    }

    private static func cores(in text: String) -> [Int: CoreTime] {
        var cores: [Int: CoreTime] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("cpu") {
            let fields = line.split(separator: " ")
            guard let number = fields.first.flatMap({ Int($0.dropFirst(3)) }) else { continue }
            cores[number] = CoreTime(fields)
        }
        return cores
    }

    private static func temperature(_ read: (String) -> String?) -> Double? {
        var hottest: Double?
        for zone in 0..<sensorLimit {
            let folder = "/sys/class/thermal/thermal_zone\(zone)"
            guard let kind = read(folder + "/type") else { break }
            // Batteries, disks and radios have sensors too.
            let isProcessor = ["x86_pkg", "cpu", "soc", "k10", "core"].contains {
                kind.lowercased().contains($0)
            }
            guard isProcessor, let value = read(folder + "/temp").flatMap({ Double($0) }) else {
                continue
            }
            hottest = max(hottest ?? value / 1000, value / 1000)
        }
        return hottest
    }

    /// Of those that are known; nil if none is.
    private static func sum(_ values: [Int?]) -> Int? {
        values.compactMap(\.self).reduce(nil) { ($0 ?? 0) + $1 }
    }
}
