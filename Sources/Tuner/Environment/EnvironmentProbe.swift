/// Reads the conditions that candidates are measured under, in the daemon: a worker sees nothing of the machine.
struct EnvironmentProbe: Sendable {
    let machine: MachineConditions
    /// Processors that threads of candidates are pinned to, in that order; the measuring one first.
    private let processors: [Int]
    private let read: @Sendable (String) -> String?

    init(
        _ probe: DeviceProbe,
        read: @escaping @Sendable (String) -> String? = { DeviceProbe.text(of: $0) }
    ) {
        machine = MachineConditions(probe, read: read)
        processors = [probe.measuringCore] + probe.allowed.filter { $0 != probe.measuringCore }
        self.read = read
    }

    /// What the host has counted up to now.
    func counters() -> HostCounters { HostCounters(core: machine.core, read: read) }

    /// The certificate of what was measured since `start`, `seconds` ago, with candidates of at most `threads` threads.
    func certificate(
        since start: HostCounters, seconds: Double, threads: Int,
        samples: EnvironmentCertificate.Samples
    ) -> EnvironmentCertificate {
        EnvironmentCertificate(
            machine: machine,
            host: EnvironmentCertificate.Host(
                from: start, to: counters(), seconds: seconds,
                used: Array(processors.prefix(max(threads, 1))), siblings: machine.siblings ?? []),
            samples: samples)
    }
}

extension MachineConditions {
    /// Those of this host.
    package init(
        _ probe: DeviceProbe,
        read: (String) -> String? = { DeviceProbe.text(of: $0) }
    ) {
        self.init(core: probe.measuringCore, hypervisor: probe.device.hypervisor, read: read)
    }
}
