/// What a machine did while its noise was measured, and what that means for tuning.
package enum ConditionFindings {
    /// Time stolen above this share is in more samples than the estimate is made for, one in ten.
    static let misleadingStolenShare = 0.1
    /// With every other sample disturbed there is no undisturbed majority to rely on.
    static let misleadingDisturbedShare = 0.5
    /// Processes that keep less of a core busy are not worth a line, and together less than a tenth of one is a quiet machine.
    package static let namedLoad = 0.02
    static let quietLoad = 0.1
    private static let namedProcesses = 4

    /// Of the host and of the samples taken.
    package static func all(_ conditions: EnvironmentCertificate) -> [Finding] {
        [stolen(conditions.host), samples(conditions), heat(conditions.host)]
    }

    private static func stolen(_ host: EnvironmentCertificate.Host) -> Finding {
        guard let share = host.stolenShare else {
            return Finding("stolen time", .unknown, "not told")
        }
        let text = "\(Concern.percent(share)) of the core's time went to others on the host"
        guard share > Concern.stolenShare else { return Finding("stolen time", .good, text) }
        return Finding(
            "stolen time", share > misleadingStolenShare ? .bad : .warning, text,
            advice: "ask for a dedicated core, or tune when the host is quiet")
    }

    private static func samples(_ conditions: EnvironmentCertificate) -> Finding {
        let samples = conditions.samples
        let taken = max(samples.kept + samples.repeated, 1)
        let share = Double(samples.repeated + samples.tainted) / Double(taken)
        let concern = conditions.concerns.first { $0.kind == .disturbedSamples }
        let text = concern?.message ?? "\(Concern.percent(share)) of samples disturbed"
        guard concern != nil else { return Finding("samples", .good, text) }
        return Finding(
            "samples", share > misleadingDisturbedShare ? .bad : .warning, text,
            advice: "keep other work off core \(conditions.machine.core)")
    }

    private static func heat(_ host: EnvironmentCertificate.Host) -> Finding {
        let degrees = host.temperature.map { ", at most \(Int($0.rounded())) °C" } ?? ""
        guard let throttles = host.throttles else {
            return Finding("heat", .unknown, "slowing down is not told\(degrees)")
        }
        guard throttles > 0 else { return Finding("heat", .good, "never slowed\(degrees)") }
        return Finding(
            "heat", .warning, "slowed \(throttles) time\(throttles == 1 ? "" : "s")\(degrees)",
            advice: "improve the cooling, or lower the clock's top",
            command: "sudo cpupower frequency-set --max NOMINAL_FREQUENCY")
    }

    /// Of what other processes did.
    package static func processes(_ busy: [ProcessTimes.Busy], core: Int) -> Finding {
        let load = busy.reduce(0) { $0 + $1.load }
        guard load > quietLoad else {
            return Finding(
                "processes", .good, "others took \(Concern.percent(load)) of a core")
        }
        let names = busy.prefix(namedProcesses).map { process in
            let place = process.core == core ? " on the measuring core" : ""
            return "\(process.name) (\(process.process)) \(Concern.percent(process.load))\(place)"
        }
        let more = busy.count > namedProcesses ? ", \(busy.count - namedProcesses) more" : ""
        // The kernel's own work follows from what processes do.
        let stoppable = busy.filter { !$0.isKernel }
        let first = stoppable.first { $0.core == core } ?? stoppable.first
        return Finding(
            "processes", .warning,
            "others took \(Concern.percent(load)) of a core: " + names.joined(separator: ", ")
                + more,
            advice: "stop them while tuning, or keep them off core \(core)",
            command: first.map { "kill -STOP \($0.process)" })
    }

    /// Of a noise floor.
    package static func noise(_ floor: NoiseFloor) -> Finding {
        let subject = "\(floor.kind) noise"
        var text = "±\(Concern.percent(floor.paired)) in alternation"
        if let between = floor.between { text += ", ±\(Concern.percent(between)) between launches" }
        text += "; \(Concern.percent(floor.bursts)) of samples late"
        if let drift = floor.drift {
            text += ", drift \(drift < 0 ? "−" : "+")\(Concern.percent(abs(drift)))"
        }
        guard floor.grade != .good else { return Finding(subject, .good, text) }
        return Finding(
            subject, floor.grade, text,
            advice: floor.grade == .bad
                ? "do not tune here until it is quieter: differences below "
                    + "\(Concern.percent(floor.worst)) are luck"
                : "mistrust differences below \(Concern.percent(floor.worst)) between sessions")
    }
}
