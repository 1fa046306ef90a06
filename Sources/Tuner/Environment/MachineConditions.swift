/// What of a machine decides how steadily it computes and stays as it is while a daemon runs. Nil: the system does not tell.
public struct MachineConditions: Hashable, Codable, Sendable {
    /// The core that candidates are timed on.
    public var core: Int
    /// Who sets its clock, as `performance` or `schedutil`, and through which driver.
    public var governor: String?
    public var frequencyDriver: String?
    /// Whether it may run above its nominal clock.
    public var boost: Bool?
    /// The other hyper-threads of the same physical core; empty if it has none.
    public var siblings: [Int]?
    /// Transparent huge pages: `always`, `madvise` or `never`.
    public var hugePages: String?
    /// The hypervisor's name, `present` where it gives none; nil on bare metal.
    public var hypervisor: String?
    /// What the kernel's clock reads, as `tsc`.
    public var clockSource: String?
    /// Whether the scheduler leaves the core alone (isolcpus), and whether its timer stops while one task runs (nohz_full).
    public var isIsolated: Bool?
    public var isTickless: Bool?

    /// Takes what `read` finds in /sys; it answers nil for files that cannot be read.
    public init(core: Int, hypervisor: String?, read: (String) -> String?) {
        self.core = core
        self.hypervisor = hypervisor
        let cpus = "/sys/devices/system/cpu"
        let cpu = "\(cpus)/cpu\(core)"
        governor = read("\(cpu)/cpufreq/scaling_governor")
        frequencyDriver = read("\(cpu)/cpufreq/scaling_driver")
        if let disabled = read("\(cpus)/intel_pstate/no_turbo").flatMap(Self.flag) {
            boost = !disabled
        } else {
            boost = read("\(cpus)/cpufreq/boost").flatMap(Self.flag)
        }
        siblings = read("\(cpu)/topology/thread_siblings_list").map {
            DeviceProbe.processors(in: $0).filter { $0 != core }
        }
        hugePages = read("/sys/kernel/mm/transparent_hugepage/enabled").flatMap(Self.chosen)
        clockSource = read("/sys/devices/system/clocksource/clocksource0/current_clocksource")
        isIsolated = read("\(cpus)/isolated").map {
            DeviceProbe.processors(in: $0).contains(core)
        }
        isTickless = read("\(cpus)/nohz_full").map {
            DeviceProbe.processors(in: $0).contains(core)
        }
    }

    private static func flag(_ text: String) -> Bool? {
        switch text {
        case "0": false
        case "1": true
        default: nil
        }
    }

    /// The word in brackets of `always [madvise] never`.
    private static func chosen(_ text: String) -> String? {
        guard let open = text.firstIndex(of: "["), let close = text.firstIndex(of: "]"),
            open < close
        else { return nil }
        return String(text[text.index(after: open)..<close])
    }
}
