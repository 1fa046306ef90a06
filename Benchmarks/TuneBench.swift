import ArgumentParser

/// The project's benchmarks, one subcommand each.
@main
struct TuneBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune-bench", abstract: "Measures what this project claims to be fast.",
        subcommands: [
            CatalogueBench.self, SpacesBench.self, SameVariantBench.self, DifferenceBench.self,
            RepeatBench.self, RacingBench.self,
        ])
}

/// Why a benchmark did not run.
struct BenchError: Error, CustomStringConvertible {
    let message: String
    var description: String { message }
}
