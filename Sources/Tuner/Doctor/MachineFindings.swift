import WorkerProtocol

/// What a machine's settings mean for tuning.
package enum MachineFindings {
    private static let cpus = "/sys/devices/system/cpu"

    /// Of everything that can be read before anything is measured.
    package static func all(
        _ machine: MachineConditions, processors: Int, timer: TimerCost, plan: SamplingPlan
    ) -> [Finding] {
        [
            cores(machine, processors: processors), governor(machine), boost(machine),
            siblings(machine), hugePages(machine), hypervisor(machine),
            clock(machine, timer, plan),
        ]
    }

    private static func cores(_ machine: MachineConditions, processors: Int) -> Finding {
        let text = "\(processors), candidates are timed on number \(machine.core)"
        guard processors < 2 else { return Finding("cores", .good, text) }
        return Finding(
            "cores", .warning, "one only: whatever else runs is timed with the candidates",
            advice: "give the process a second core",
            command: "taskset -pc 0-1 $(pidof tunerd)")
    }

    private static func governor(_ machine: MachineConditions) -> Finding {
        guard let governor = machine.governor else {
            let who = machine.hypervisor == nil ? "the firmware" : "the host"
            return Finding("governor", .unknown, "not told: \(who) sets the clock")
        }
        let text = governor + (machine.frequencyDriver.map { " (\($0))" } ?? "")
        if Concern.steadyGovernors.contains(governor) { return Finding("governor", .good, text) }
        return Finding(
            "governor", .warning, "\(text): the clock follows the load",
            advice: "keep the clock at its top",
            command: "echo performance | sudo tee \(cpus)/cpu*/cpufreq/scaling_governor")
    }

    private static func boost(_ machine: MachineConditions) -> Finding {
        switch machine.boost {
        case nil: return Finding("boost", .unknown, "not told")
        case false: return Finding("boost", .good, "off")
        case true:
            let command =
                machine.frequencyDriver?.hasPrefix("intel") == true
                ? "echo 1 | sudo tee \(cpus)/intel_pstate/no_turbo"
                : "echo 0 | sudo tee \(cpus)/cpufreq/boost"
            return Finding(
                "boost", .warning, "on: the clock depends on heat and on what other cores do",
                advice: "turn it off while tuning", command: command)
        }
    }

    private static func siblings(_ machine: MachineConditions) -> Finding {
        guard let siblings = machine.siblings else {
            return Finding("hyper-threads", .unknown, "not told")
        }
        guard !siblings.isEmpty else {
            return Finding("hyper-threads", .good, "core \(machine.core) has none beside it")
        }
        let numbers = siblings.map(String.init).joined(separator: ", ")
        return Finding(
            "hyper-threads", .warning,
            "core \(machine.core) is shared with \(numbers), whose work takes up to half of it",
            advice: "turn hyper-threads off, or keep \(numbers) idle",
            command: "echo off | sudo tee \(cpus)/smt/control")
    }

    private static func hugePages(_ machine: MachineConditions) -> Finding {
        switch machine.hugePages {
        case nil: Finding("huge pages", .unknown, "not told")
        case "always":
            Finding(
                "huge pages", .warning,
                "always: whether a buffer gets them is luck, and changes from run to run",
                advice: "give them on request only",
                command:
                    "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled")
        case let mode?: Finding("huge pages", .good, mode)
        }
    }

    private static func hypervisor(_ machine: MachineConditions) -> Finding {
        guard let name = machine.hypervisor else {
            return Finding("hypervisor", .good, "none")
        }
        let which = name == "present" ? "a virtual machine" : name
        return Finding(
            "hypervisor", .warning, "\(which): neighbours on the host show only as noise",
            advice: "tune on hardware of your own, or when the host is quiet")
    }

    /// The slower a reading, the longer a sample: all samples of a candidate must still fit into its time.
    private static func clock(
        _ machine: MachineConditions, _ timer: TimerCost, _ plan: SamplingPlan
    ) -> Finding {
        let nanoseconds = Int((timer.seconds * 1e9).rounded())
        let text = "\(machine.clockSource ?? "unnamed source"), \(nanoseconds) ns a reading"
        let sample = timer.seconds / plan.timerError
        if sample * Double(plan.maximumSamples) <= plan.maximumSeconds {
            return Finding("clock", .good, text)
        }
        return Finding(
            "clock", .warning, "\(text): samples must last \(Int((sample * 1000).rounded())) ms",
            advice: "let the kernel read the processor's own counter",
            command: "echo tsc | sudo tee "
                + "/sys/devices/system/clocksource/clocksource0/current_clocksource")
    }

    /// Whether other tasks may come to the core; it matters only where they do, that is where samples were not good.
    package static func isolation(_ machine: MachineConditions, isQuiet: Bool) -> Finding {
        guard let isolated = machine.isIsolated else {
            return Finding("isolation", .unknown, "not told")
        }
        if isolated {
            let ticks = machine.isTickless == true ? ", without timer ticks" : ""
            return Finding("isolation", .good, "core \(machine.core) is isolated\(ticks)")
        }
        let text = "core \(machine.core) is open to every task"
        if isQuiet { return Finding("isolation", .good, "\(text); few came") }
        let core = machine.core
        return Finding(
            "isolation", .warning, text,
            advice: "isolate it on the kernel's command line, and boot again",
            command: "isolcpus=\(core) nohz_full=\(core) rcu_nocbs=\(core)")
    }
}

/// What reading the clock of the samples takes, in seconds.
package struct TimerCost: Hashable, Codable, Sendable {
    package var seconds: Double

    package init(seconds: Double) { self.seconds = seconds }
}
