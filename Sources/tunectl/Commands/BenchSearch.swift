import ArgumentParser
import Foundation
import Tuner

/// Compares strategies on recorded spaces.
struct BenchSearch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare strategies on recorded spaces.",
        discussion: """
            Every strategy searches every space once a seed; a failed configuration costs a trial. The table \
            gives, after so many trials, the geometric mean over spaces of best-found time over the optimum, \
            its bootstrap 95 % interval and the share of runs within 5 % of the optimum. With --peers also the \
            excess over the optimum as a fraction of the best peer's at that budget. Runs are spread over all \
            cores; what they find depends on their seeds alone.

            --json prints one object for each space, strategy and budget: space, strategy, budget, ratio, lower, \
            upper, shareWithin5Percent, runs, secondsPerTrial, slowestSecondsPerTrial (ask and tell).

            Examples:
              tunectl bench-search sgemm.t4.json.gz --strategy auto --strategy random
              tunectl bench-search spaces/*.json.gz --seeds 50 --peers search_peers.json --plot search.svg
              tunectl bench-search new.json.gz --prior old.json.gz --budgets 10,25 --json | jq .ratio
              tunectl bench-search spaces/*.gz --strategy genetic:population=30 --batch 16
            """)

    @Argument(help: "Recordings, as `tunectl replay` reads them.", completion: .file())
    var files: [String]

    @Option(
        name: .customLong("strategy"), parsing: .singleValue,
        help: "A strategy, with options: NAME or NAME:OPTION=VALUE,… (default: all but exhaustive)."
    )
    var strategies: [String] = []

    @Option(help: "Trials after which the best is compared, separated by commas.")
    var budgets = "25,50,100,200,400"

    @Option(help: "Runs of each strategy on each space, with the seeds 1, 2, 3 …")
    var seeds = 20

    @Option(help: "Configurations asked for at once.")
    var batch = 1

    @Option(help: "What other tuners reached on these spaces (peer-search/1).", completion: .file())
    var peers: String?

    @Option(
        name: .customLong("prior"), parsing: .singleValue,
        help: "A recording whose trials the strategies are given as learnt before.",
        completion: .file())
    var priors: [String] = []

    @Option(help: "Runs at a time (default: one a core).")
    var threads: Int?

    @Option(
        help: "Also draw the excess over the optimum by trials: an SVG file.", completion: .file())
    var plot: String?

    @OptionGroup var output: OutputOptions

    private var budgetList: [Int] {
        budgets.split(separator: ",").compactMap { Int($0) }.filter { $0 > 0 }.sorted()
    }

    func validate() throws {
        guard !files.isEmpty else { throw ValidationError("give at least one recording") }
        guard budgetList.count == budgets.split(separator: ",").count, !budgetList.isEmpty else {
            throw ValidationError("--budgets must be whole numbers of at least 1, as in 25,50,100")
        }
        for (name, value) in [("seeds", seeds), ("batch", batch), ("threads", threads ?? 1)]
        where value < 1 {
            throw ValidationError("--\(name) must be at least 1")
        }
    }

    func run() async throws {
        let chosen =
            strategies.isEmpty
            ? StrategyDescription.all.map(\.name).filter { $0 != "exhaustive" } : strategies
        for strategy in chosen { _ = try StrategyDescription.parse(strategy) }
        let peers = try peers.map { try SearchPeers(file: $0) }
        let spaces = try files.map {
            (name: Self.name(of: $0), recorded: try RecordedSpace(file: $0))
        }
        let learnt = try priors.map {
            Prior(try RecordedSpace(file: $0), source: Self.name(of: $0))
        }
        let benchmark = try await SearchBenchmark(
            spaces: spaces, priors: learnt, strategies: chosen, budgets: budgetList, seeds: seeds,
            batch: batch, threads: threads ?? ProcessInfo.processInfo.activeProcessorCount,
            progress: Self.progress)
        let optima = spaces.map { (name: $0.name, optimum: $0.recorded.optimum.seconds) }
        if let plot {
            let picture = SearchPlot(benchmark: benchmark, peers: peers, optima: optima)
            try NewFile.write(picture.svg, to: plot)
        }
        if output.json {
            for result in benchmark.results { try Output.json(result) }
            return
        }
        let report = SearchReport(
            benchmark: benchmark,
            peers: peers?.statistics(spaces: optima, budgets: budgetList) ?? [])
        Output.lines(report.lines)
    }

    /// The file's name without what says its format.
    private static func name(of file: String) -> String {
        var name = URL(filePath: file).lastPathComponent
        for suffix in [".gz", ".json", ".t4", ".T4", ".cache"] where name.hasSuffix(suffix) {
            name.removeLast(suffix.count)
        }
        return name
    }

    @Sendable private static func progress(done: Int, total: Int) {
        Output.progress(done == total ? "" : "\(done) of \(total) runs")
    }
}
