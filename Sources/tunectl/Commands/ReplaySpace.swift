import ArgumentParser
import Tuner

/// Tunes a recorded space, without a device.
struct ReplaySpace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Tune a recorded space and compare with its optimum.",
        discussion: """
            FILE is T4 results, as `tunectl record` and `tunectl export` write them, a cache file of \
            Kernel Tuner or recorded-space/1, plain or gzip-compressed. Every seed is a session of the \
            daemon's engine that gets its times from the file; no daemon is needed.

            Examples:
              tunectl replay sgemm.t4.json --strategy random --budget 100
              tunectl replay cache.json.gz --seeds 100 --json | jq .summary.meanRatio
              tunectl replay results.json --space problem.T1.json
            """)

    @Argument(help: "The recording.", completion: .file())
    var file: String

    @Option(help: "T1 file with the space of T4 results that come without.", completion: .file())
    var space: String?

    @Option(help: "Strategy, as random or forest:trees=64; see `tunectl strategies`.")
    var strategy = StrategyDescription.all[0].name

    @Option(help: "Trials of each session.")
    var budget = 200

    @Option(help: "How many sessions, with the seeds 1, 2, 3 …")
    var seeds = 30

    @Option(help: "Configurations asked for at once.")
    var batch = SessionRequest.defaultBatch

    @OptionGroup var output: OutputOptions

    func validate() throws {
        for (name, value) in [("budget", budget), ("seeds", seeds), ("batch", batch)]
        where value < 1 {
            throw ValidationError("--\(name) must be at least 1")
        }
    }

    func run() async throws {
        _ = try StrategyDescription.parse(strategy)
        let recorded = try RecordedSpace(file: file, space: space)
        let replay = try await Replay(
            recorded, strategy: strategy, budget: budget, batch: batch,
            seeds: (1...seeds).map(UInt64.init))
        if output.json { return try Output.json(replay) }
        Output.lines(ReplayReport(replay: replay).lines(width: Terminal.window?.width))
    }
}
