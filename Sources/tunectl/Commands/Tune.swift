import ArgumentParser
import Tuner
import TunerAPI

/// Starts a session and follows it.
struct Tune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tune kernels for a target, and follow the session.",
        discussion: """
            Without kernels, every built-in one is tuned; without --problem, on its representative \
            problems. The session belongs to the daemon: it goes on when tunectl is killed. Ctrl-C \
            cancels it and prints the best so far; a second Ctrl-C leaves at once.

            Problems take turns: each gets its default and a quarter of an even share, the rest goes \
            where most is to be gained. The time includes the final comparisons.

            Examples:
              tunectl tune --time 2m
              tunectl tune sgemm --target cpu-avx2 --problem m=512,n=512,k=512 --budget 200
              tunectl tune sgemm dot --strategy random --seed 7 --detach
              tunectl tune --standalone              without a daemon that runs already
            """)

    @Argument(help: "Kernels; every built-in one if there are none.")
    var kernels: [String] = []

    @Option(help: "Target; `tunectl targets` lists them.")
    var target = "cpu-native"

    @Option(
        name: .customLong("problem"),
        help: "A size of the kernel, as m=512,n=512,k=512; may be repeated.",
        transform: ProblemArgument.parse)
    var problems: [ProblemArgument] = []

    @Option(help: "Trials for each problem on average.")
    var budget: Int?

    @Option(
        help: "Time for the whole session: 60s, 2m, 1h30m.", transform: DurationArgument.parse)
    var time: DurationArgument?

    @Option(help: "Strategy, as random or forest:trees=64; see `tunectl strategies`.")
    var strategy: String?

    @Option(help: "Seed of the strategy; the same seed tries the same configurations.")
    var seed: UInt64?

    @Option(help: "Configurations compiled together.")
    var batch: Int?

    @Flag(help: "Print the session's id and leave it to the daemon.")
    var detach = false

    @Flag(help: "Keep what was found when the session is cancelled.")
    var keep = false

    @Flag(
        inversion: .prefixedNo,
        help: "Start from what is known of the kernels for other problems, targets and devices.")
    var priors = true

    @Option(help: "Probability that the interval by which a record changes is right.")
    var confidence: Double?

    @Option(help: "Least share of the holder's time by which it must be beaten.")
    var leastEffect: Double?

    @Flag(help: "Change a record only to a configuration that computes the same bits.")
    var bitwiseStable = false

    @OptionGroup var host: SessionHost
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !problems.isEmpty, kernels.count != 1 {
            throw ValidationError(
                "--problem needs exactly one kernel, because kernels differ in their dimensions; "
                    + "\(kernels.isEmpty ? "none is" : "\(kernels.count) are") named")
        }
        if let budget, budget < 1 { throw ValidationError("--budget must be at least 1") }
        if let batch, batch < 1 { throw ValidationError("--batch must be at least 1") }
        try Self.check(confidence, "--confidence", AcceptanceTerms.confidences)
        try Self.check(leastEffect, "--least-effect", AcceptanceTerms.effects)
        if host.standalone, detach {
            throw ValidationError(
                "--detach needs a daemon that stays; the one of --standalone ends with tunectl")
        }
    }

    private static func check(_ value: Double?, _ name: String, _ range: ClosedRange<Double>)
        throws
    {
        if let value, !range.contains(value) {
            throw ValidationError(
                "\(name) must be from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    func run() async throws {
        try await host.run(tune)
    }

    private func tune(_ client: TunerClient, _ patience: TunerClient.Patience) async throws {
        let session = try await client.createSession(request)
        if output.json { try Output.json(session) }
        if detach {
            if !output.json { Output.line(session.id) }
            return
        }
        let view = SessionView(session, style: .fitting(json: output.json))
        let outcome = try await SessionWatch(
            client: client, session: session, view: view, onInterrupt: .cancelSession,
            patience: patience
        ).run(interrupts: Interrupts())
        await view.summarize()
        try await SessionWatch.finish(outcome, view)
    }

    /// Every kernel with every problem.
    var request: CreateSession {
        let entries = kernels.flatMap { kernel in
            problems.isEmpty
                ? [CreateSession.Entry(kernel: kernel)]
                : problems.map { CreateSession.Entry(kernel: kernel, problem: $0.sizes) }
        }
        return CreateSession(
            target: target, kernels: entries.isEmpty ? nil : entries, trials: budget,
            seconds: time?.seconds, strategy: strategy, seed: seed, batch: batch,
            keep: keep ? true : nil, priors: priors ? nil : false,
            confidence: confidence, leastEffect: leastEffect,
            bitwiseStable: bitwiseStable ? true : nil)
    }
}
