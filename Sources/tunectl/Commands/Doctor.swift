import ArgumentParser
import Tuner
import TunerAPI
import WorkerProtocol

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Examines the machine and measures its noise.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check whether this machine is fit for tuning, and say what to change.",
        discussion: """
            Looks at what makes measurements unsteady, then times two built-in kernels against \
            themselves, by the same path as a session: how far two measurements of the same code \
            differ is the least difference that means anything. Needs no daemon; one that measures \
            meanwhile is waited for.

            Ends with status 1 when tuning would be impossible or misleading: noise above ±5 %, or \
            anything else that the list calls bad.

            Examples:
              tunectl doctor
              tunectl doctor --seconds 5 --json
            """)

    @Option(help: "How long to measure the noise.")
    var seconds = 20.0

    @Option(help: "Where the daemon keeps its state.", completion: .directory)
    var stateDir: String?

    @Option(help: "The compiler.", completion: .file())
    var swiftc: String?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (0.1...3600).contains(seconds) else {
            throw ValidationError("--seconds must be from 0.1 to 3600")
        }
    }

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let probe = try DeviceProbe()
        var report = DoctorReport(probe)
        let toolchain = await Self.toolchain(
            Toolchain.Places(named: swiftc, environment: environment))
        let state = stateDir ?? StandardPlace.state(environment: environment, user: geteuid())
        let machine = MachineConditions(probe)
        report.add(
            [
                SurroundingFindings.compiler(toolchain), SurroundingFindings.state(state),
                SurroundingFindings.memory(),
            ]
                + MachineFindings.all(
                    machine, processors: probe.processors, timer: .measured(),
                    plan: SamplingPlan()))
        if case .success(let toolchain) = toolchain {
            await measure(&report, probe, toolchain)
        }
        if output.json {
            try Output.json(report)
        } else {
            Output.lines(report.lines(width: Terminal.window?.width))
        }
        if report.isMisleading { throw ExitCode.failure }
    }

    private static func toolchain(_ places: Toolchain.Places) async
        -> Result<Toolchain, TunerError>
    {
        do {
            return .success(try await Toolchain.find(places))
        } catch {
            return .failure(
                error as? TunerError ?? TunerError(.internal, "cannot find a compiler: \(error)"))
        }
    }

    private func measure(
        _ report: inout DoctorReport, _ probe: DeviceProbe, _ toolchain: Toolchain
    ) async {
        let before = ProcessTimes.now()
        let start = ContinuousClock.now
        do {
            let outcome = try await NoiseLaboratory(probe: probe, toolchain: toolchain)
                .measure(seconds: seconds) { Output.progress(Self.text($0)) }
            Output.progress("")
            report.noise = outcome.floors
            report.conditions = outcome.conditions
        } catch {
            Output.progress("")
            let problem = error as? TunerError ?? TunerError(.internal, "\(error)")
            report.add([
                Finding(
                    "noise", .bad, "cannot be measured: \(problem.message)",
                    advice: problem.hint ?? "see that the installation is whole")
            ])
            return
        }
        let busy = ProcessTimes.now().busy(
            since: before, seconds: (ContinuousClock.now - start) / .seconds(1),
            ticksPerSecond: ProcessTimes.ticksPerSecond, own: Int(getpid()),
            least: ConditionFindings.namedLoad)
        let seen =
            (report.conditions.map(ConditionFindings.all) ?? [])
            + [ConditionFindings.processes(busy, core: probe.measuringCore)]
        let noise = report.noise.map(ConditionFindings.noise)
        let isQuiet = (seen + noise).allSatisfy { $0.grade != .warning && $0.grade != .bad }
        report.add(
            [MachineFindings.isolation(MachineConditions(probe), isQuiet: isQuiet)] + seen + noise)
    }

    private static func text(_ progress: NoiseProbe.Progress) -> String {
        switch progress {
        case .preparing(let kernel): "preparing \(kernel)"
        case .measuring(let launch, let secondsLeft):
            "measuring the noise: launch \(launch), \(Quantities.waitingTime(secondsLeft)) left"
        }
    }
}
