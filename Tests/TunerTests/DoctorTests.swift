import Foundation
import Testing
import WorkerProtocol

@testable import Tuner

@Suite struct DoctorTests {
    // MARK: Settings

    private func machine(_ change: (inout MachineConditions) -> Void) -> MachineConditions {
        var machine = MachineConditions(core: 1, hypervisor: nil) { _ in nil }
        change(&machine)
        return machine
    }

    private func grades(
        _ machine: MachineConditions, processors: Int = 2, timer: Double = 30e-9
    ) -> [String: Finding.Grade] {
        let findings = MachineFindings.all(
            machine, processors: processors, timer: TimerCost(seconds: timer), plan: SamplingPlan())
        return Dictionary(uniqueKeysWithValues: findings.map { ($0.subject, $0.grade) })
    }

    @Test func `a machine that tells nothing is unknown, not good`() {
        let grades = grades(machine { _ in })
        #expect(
            grades == [
                "cores": .good, "governor": .unknown, "boost": .unknown, "hyper-threads": .unknown,
                "huge pages": .unknown, "hypervisor": .good, "clock": .good,
            ])
    }

    @Test func `every setting that makes figures unsteady is named with its remedy`() throws {
        let bad = machine {
            $0.governor = "schedutil"
            $0.boost = true
            $0.frequencyDriver = "intel_cpufreq"
            $0.siblings = [5]
            $0.hugePages = "always"
            $0.hypervisor = "present"
        }
        let findings = MachineFindings.all(
            bad, processors: 1, timer: TimerCost(seconds: 600e-9), plan: SamplingPlan())
        #expect(findings.allSatisfy { $0.grade == .warning && $0.remedy != nil })
        let boost = try #require(findings.first { $0.subject == "boost" })
        #expect(boost.remedy?.command?.contains("no_turbo") == true)
        let good = machine {
            $0.governor = "performance"
            $0.boost = false
            $0.siblings = []
            $0.hugePages = "madvise"
        }
        #expect(grades(good).values.allSatisfy { $0 == .good })
    }

    @Test func `a core that is open to others is a fault only where others came`() {
        let open = machine { $0.isIsolated = false }
        #expect(MachineFindings.isolation(open, isQuiet: true).grade == .good)
        #expect(MachineFindings.isolation(open, isQuiet: false).grade == .warning)
        let closed = machine { $0.isIsolated = true }
        #expect(MachineFindings.isolation(closed, isQuiet: false).grade == .good)
        #expect(MachineFindings.isolation(machine { _ in }, isQuiet: true).grade == .unknown)
    }

    // MARK: Surroundings

    @Test(arguments: [
        ("MemTotal: 9\nMemAvailable:   24684092 kB\n", Finding.Grade.good),
        ("MemAvailable: 1048576 kB", .warning), ("MemAvailable: 1024 kB", .bad),
        ("MemAvailable: kB", .unknown), ("", .unknown),
        ("MemAvailable: 99999999999999999999 kB", .unknown),
        ("MemAvailable: 9007199254740993 kB", .unknown),
    ])
    func `memory is judged by what is available`(text: String, grade: Finding.Grade) {
        #expect(SurroundingFindings.memory(text).grade == grade)
    }

    @Test func `the state needs a place that is writable and has room`() {
        func grade(_ path: String?, _ isWritable: Bool, _ free: Int?) -> Finding.Grade {
            SurroundingFindings.state(path, nearest: "/s", isWritable: isWritable, free: free).grade
        }
        #expect(grade("/s/tunerd", true, 3 << 30) == .good)
        #expect(grade("/s/tunerd", true, 1 << 30) == .warning)
        #expect(grade("/s/tunerd", true, 1 << 20) == .bad)
        #expect(grade("/s/tunerd", true, nil) == .unknown)
        #expect(grade("/s/tunerd", false, 3 << 30) == .warning)
        #expect(grade(nil, true, 3 << 30) == .bad)
        // Of this host: a folder that is yet to be made is judged by the one above it.
        let here = SurroundingFindings.state("/tmp/no/such/folder")
        #expect(here.text.contains("GiB free for /tmp/no/such/folder"))
    }

    @Test func `a compiler that is missing is bad and says where it was looked for`() {
        let finding = SurroundingFindings.compiler(
            .failure(TunerError(.noCompiler, "tried /a, /b", hint: "install it")))
        #expect(finding.grade == .bad && finding.text == "tried /a, /b")
        #expect(finding.remedy?.advice == "install it")
    }

    // MARK: Processes

    private func line(
        _ number: Int, _ name: String, parent: Int = 1, ticks: Int, core: Int = 0
    ) -> String {
        "\(number) (\(name)) S \(parent) 5 5 0 -1 4194560 1 2 3 4 \(ticks) 10 0 0 20 0 1 0 100 "
            + "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 17 \(core) 0 0 0 0 0"
    }

    @Test func `a process is read whatever its name`() throws {
        for name in ["swift-build", "a b) S (c", "", ")", "("] {
            let process = try #require(
                ProcessTimes.Process(stat: line(7, name, parent: 3, ticks: 90, core: 2)))
            #expect(process.number == 7 && process.name == name && process.parent == 3)
            #expect(process.ticks == 100 && process.core == 2)
        }
        for text in ["", "7", "7 (a", "7 a) S 1", "x (a) S 1", "7 (a) S 1 2 3", ")("] {
            #expect(ProcessTimes.Process(stat: text) == nil, "\(text)")
        }
    }

    @Test func `what others worked meanwhile is told, busiest first, without ourselves`() {
        let before = ProcessTimes([
            line(10, "idle", ticks: 500), line(11, "busy", ticks: 100),
            line(12, "reborn", ticks: 900), line(20, "tunectl", ticks: 5),
        ])
        let after = ProcessTimes([
            line(10, "idle", ticks: 501), line(11, "busy", ticks: 250, core: 1),
            line(12, "other", ticks: 30), line(20, "tunectl", ticks: 95),
            line(21, "tune-worker", parent: 20, ticks: 190),
            line(22, "of the worker", parent: 21, ticks: 190), line(23, "new", ticks: 30),
            line(30, "loop", parent: 31, ticks: 0), line(31, "loop", parent: 30, ticks: 0),
        ])
        let busy = after.busy(
            since: before, seconds: 2, ticksPerSecond: 100, own: 20, least: 0.1)
        #expect(busy.map(\.name) == ["busy", "other", "new"])
        #expect(busy.map(\.load) == [0.75, 0.2, 0.2])
        #expect(busy.first?.core == 1)
        let finding = ConditionFindings.processes(busy, core: 1)
        #expect(finding.grade == .warning)
        #expect(
            finding.text == "others took 115 % of a core: busy (11) 75 % on the measuring core, "
                + "other (12) 20 %, new (23) 20 %")
        #expect(finding.remedy?.command == "kill -STOP 11")
        #expect(ConditionFindings.processes([], core: 1).grade == .good)
        let kernel = ProcessTimes.Busy(
            process: 9, name: "kworker/1:0", load: 0.3, core: 1, isKernel: true)
        #expect(ConditionFindings.processes([kernel], core: 1).remedy?.command == nil)
        #expect(
            ConditionFindings.processes([kernel] + busy.suffix(2), core: 1).remedy?.command
                == "kill -STOP 12")
    }

    @Test func `this process is found in /proc`() {
        #expect(ProcessTimes.now().processes[Int(getpid())] != nil)
    }

    // MARK: Conditions

    private func findings(
        stolen: Double? = 0, repeated: Int = 0, tainted: Int = 0, throttles: Int? = 0
    ) -> [String: Finding.Grade] {
        var samples = EnvironmentCertificate.Samples()
        samples.kept = 100
        samples.repeated = repeated
        samples.tainted = tainted
        let all = ConditionFindings.all(
            EnvironmentCertificate(
                machine: machine { _ in },
                host: EnvironmentCertificate.Host(
                    seconds: 1, stolenShare: stolen, throttles: throttles), samples: samples))
        return Dictionary(uniqueKeysWithValues: all.map { ($0.subject, $0.grade) })
    }

    @Test func `what the machine did is judged by its share`() {
        #expect(findings() == ["stolen time": .good, "samples": .good, "heat": .good])
        #expect(findings(stolen: 0.02)["stolen time"] == .warning)
        #expect(findings(stolen: 0.11)["stolen time"] == .bad)
        #expect(findings(stolen: nil)["stolen time"] == .unknown)
        #expect(findings(repeated: 11)["samples"] == .good)
        #expect(findings(repeated: 20)["samples"] == .warning)
        #expect(findings(repeated: 100, tainted: 10)["samples"] == .bad)
        #expect(findings(throttles: 1)["heat"] == .warning)
        #expect(findings(throttles: nil)["heat"] == .unknown)
    }

    // MARK: Noise

    /// Launches of `rounds` rounds; `sample(launch, copy, round)` is what each took.
    private func floor(
        launches: Int, rounds: Int = 40, plan: Int = 10, _ sample: (Int, Int, Int) -> Double
    ) -> NoiseFloor? {
        NoiseFloor(
            kind: "compute", candidate: "x",
            launches: (0..<launches).map { launch in
                NoiseFloor.Launch(
                    first: (0..<rounds).map { sample(launch, 0, $0) },
                    second: (0..<rounds).map { sample(launch, 1, $0) })
            }, rounds: plan)
    }

    @Test func `equal samples have no noise`() throws {
        let quiet = try #require(floor(launches: 4) { _, _, _ in 2 })
        #expect(quiet.paired == 0 && quiet.between == 0 && quiet.bursts == 0 && quiet.drift == 0)
        #expect(quiet.launches == 4 && quiet.samples == 320)
        #expect(quiet.grade == .good)
    }

    @Test func `launches that differ show between launches only, and drift when they do in order`()
        throws
    {
        let alternating = try #require(
            floor(launches: 4) { launch, _, _ in launch % 2 == 0 ? 1 : 1.04 })
        #expect(alternating.paired == 0)
        #expect(abs(try #require(alternating.between) - 0.04) < 1e-12)
        #expect(alternating.drift == 0)
        #expect(alternating.grade == .warning)
        let drifting = try #require(floor(launches: 4) { launch, _, _ in launch < 2 ? 1 : 1.1 })
        #expect(abs(try #require(drifting.drift) - 0.1) < 1e-12)
        #expect(drifting.grade == .bad)
    }

    @Test func `copies that differ within a launch show in alternation`() throws {
        // Every other stretch of ten rounds the second copy takes 2 % more.
        let noisy = try #require(
            floor(launches: 2) { _, copy, round in
                copy == 1 && round / 10 % 2 == 1 ? 1.02 : 1
            })
        #expect(abs(noisy.paired - 0.02) < 1e-12)
        #expect(noisy.drift == nil)
        #expect(noisy.grade == .warning)
    }

    @Test func `bursts are counted, and the estimate is not moved by them`() throws {
        let bursts = try #require(
            floor(launches: 2) { _, _, round in round % 10 == 3 ? 2 : 1 })
        #expect(bursts.bursts == 0.1)
        #expect(bursts.paired == 0 && bursts.between == 0)
    }

    @Test func `few rounds are one stretch, and no samples no figure`() throws {
        let short = try #require(
            floor(launches: 1, rounds: 3) { _, copy, _ in copy == 0 ? 1 : 1.5 })
        #expect(abs(short.paired - 0.5) < 1e-12)
        #expect(short.between == nil && short.grade == .bad)
        #expect(floor(launches: 0) { _, _, _ in 1 } == nil)
        #expect(floor(launches: 2, rounds: 0) { _, _, _ in 1 } == nil)
    }

    @Test func `the bounds are the least effect and five percent`() throws {
        func grade(_ difference: Double) throws -> Finding.Grade {
            try #require(
                floor(launches: 1) { _, copy, _ in copy == 0 ? 1 : 1 + difference }
            ).grade
        }
        #expect(try grade(0.009) == .good)
        #expect(try grade(0.011) == .warning)
        #expect(try grade(0.049) == .warning)
        #expect(try grade(0.051) == .bad)
    }

    @Test func `reading the clock takes time`() {
        let cost = TimerCost.measured().seconds
        #expect(cost > 0 && cost.isFinite)
    }
}
