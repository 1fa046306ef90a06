import ArgumentParser

/// The project's benchmarks, one subcommand each.
@main
struct TuneBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune-bench", abstract: "Measures what this project claims to be fast.",
        subcommands: [
            SgemmBench.self, SpacesBench.self, SameVariantBench.self, DifferenceBench.self,
            RepeatBench.self, RacingBench.self,
        ], defaultSubcommand: SgemmBench.self)
}
