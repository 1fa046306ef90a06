import ArgumentParser
import Foundation
import KernelSpace
import Tuner
import WorkerProtocol

/// What both experiments with the acceptance have in common.
struct AcceptanceOptions: ParsableArguments {
    @Option(help: "Kernel.") var kernel = "sgemm"
    @Option(help: "Its problem.") var problem = "m=512,n=512,k=512"
    @Option(help: "What to compile for.") var target = "cpu-avx2"
    @Option(help: "Acceptances.") var count = 100
    @Option(help: "Rounds in a launch; what the daemon takes for this time without it.")
    var rounds = 11
    @Option(help: "Confidence.") var confidence = 0.99
    @Option(help: "Least effect.") var leastEffect = 0.01
    @Flag(help: "Keep the other core busy meanwhile.") var busy = false
    @Flag(help: "One JSON object an acceptance, with the samples of its launches.") var json = false

    var terms: AcceptanceTerms {
        AcceptanceTerms(confidence: confidence, leastEffect: leastEffect)
    }
}

/// Acceptances of one challenger against one holder, one after the other.
struct AcceptanceSeries {
    /// One line of the report.
    struct Row: Codable {
        var acceptance: Acceptance
        var seconds: Double
        var launches: [LaunchPair]
    }

    let options: AcceptanceOptions
    let host: MeasuringHost
    let evaluator: HardwareEvaluator
    private(set) var rows: [Row] = []

    init(_ options: AcceptanceOptions, _ host: MeasuringHost) async throws {
        self.options = options
        self.host = host
        evaluator = try await host.evaluator(
            of: host.entry(kernel: options.kernel, problem: options.problem),
            target: options.target)
    }

    mutating func run(
        _ challenger: (Configuration, Candidate), against holder: (Configuration, Candidate)
    ) async throws {
        let neighbour =
            options.busy
            ? try BusyNeighbour(besides: host.probe.measuringCore, of: host.probe.processors) : nil
        defer { neighbour?.stop() }
        for _ in 0..<options.count {
            var launches: [LaunchPair] = []
            let start = ContinuousClock.now
            let acceptance = try await Acceptance.decide(
                challenger: challenger.0, holder: holder.0, terms: options.terms
            ) {
                let measured = try await evaluator.launch(
                    [challenger.1, holder.1], rounds: options.rounds)
                guard let measured else { return nil }
                let pair = LaunchPair(challenger: measured[0], holder: measured[1])
                launches.append(pair)
                return pair
            }
            guard let acceptance else { throw BenchError(message: "a contestant failed") }
            let row = Row(
                acceptance: acceptance, seconds: (ContinuousClock.now - start) / .seconds(1),
                launches: launches)
            rows.append(row)
            if options.json { try JSONLine.print(row) }
        }
    }

    /// `1000 acceptances: 1 faster, 997 not distinguishable, 2 slower; ratio 0.998 … 1.002; 9.3 launches, 1.1 s each`
    var summary: String {
        func count(_ verdict: Acceptance.Verdict) -> Int {
            rows.count { $0.acceptance.verdict == verdict }
        }
        let ratios = rows.map(\.acceptance.ratio).sorted()
        let launches = rows.map { Double($0.acceptance.launches) }.reduce(0, +)
        let seconds = rows.map(\.seconds).reduce(0, +)
        let n = Double(max(rows.count, 1))
        return String(
            format: "%d acceptances: %d faster, %d not distinguishable, %d slower; "
                + "ratio %.4f … %.4f … %.4f; %.1f launches, %.2f s each",
            rows.count, count(.faster), count(.notDistinguishable), count(.slower),
            ratios.first ?? .nan, ratios.isEmpty ? .nan : ratios[ratios.count / 2],
            ratios.last ?? .nan, launches / n, seconds / n)
    }

    /// The ratio of two candidates over many launches: what is taken for the truth.
    func truth(_ pair: [Candidate], launches: Int) async throws -> (ratio: Double, spread: Double) {
        var ratios: [Double] = []
        for _ in 0..<launches {
            guard let measured = try await evaluator.launch(pair, rounds: options.rounds) else {
                throw BenchError(message: "a contestant failed")
            }
            let rounds = zip(measured[0].samples, measured[1].samples).map { $0 / $1 }.sorted()
            ratios.append(rounds[rounds.count / 2])
        }
        ratios.sort()
        return (
            ratios[ratios.count / 2],
            ratios[ratios.count * 9 / 10] - ratios[ratios.count / 10]
        )
    }
}

/// Counts false wins: a variant against a second compilation of itself.
struct SameVariantBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "aa",
        abstract: "Lets two separately compiled copies of one variant meet, and counts false wins.")

    @OptionGroup var options: AcceptanceOptions
    @Option(help: "The configuration; the manifest's default without it.")
    var configuration: ConfigurationArgument?

    func run() async throws {
        let host = try await MeasuringHost()
        var series = try await AcceptanceSeries(options, host)
        let entry = try host.entry(kernel: options.kernel, problem: options.problem)
        let (_, standard) = try host.provider().space(for: entry, target: options.target)
        guard let chosen = configuration?.configuration ?? standard else {
            throw ValidationError("no configuration is valid for \(options.target)")
        }
        let one = try await series.evaluator.candidate(of: chosen, builtBy: host.library)
        let other = try await series.evaluator.candidate(of: chosen, builtBy: host.copies)
        try await series.run((chosen, other), against: (chosen, one))
        await series.evaluator.finish()
        if !options.json { print("\(chosen)\n\(series.summary)") }
        try host.remove()
    }
}

/// Counts true wins: two variants whose difference a long measurement before and after tells.
struct DifferenceBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ab",
        abstract: "Lets a faster variant challenge a slower one, and counts its wins.")

    @OptionGroup var options: AcceptanceOptions
    @Option(help: "The faster configuration.") var challenger: ConfigurationArgument
    @Option(help: "The slower one.") var holder: ConfigurationArgument
    @Option(help: "Launches of the long measurement before and after; quiet, even with --busy.")
    var truth = 60

    func run() async throws {
        let host = try await MeasuringHost()
        var series = try await AcceptanceSeries(options, host)
        let pair = [challenger.configuration, holder.configuration]
        var candidates: [Candidate] = []
        for configuration in pair {
            candidates.append(
                try await series.evaluator.candidate(of: configuration, builtBy: host.library))
        }
        let before = try await series.truth(candidates, launches: truth)
        try await series.run((pair[0], candidates[0]), against: (pair[1], candidates[1]))
        let after = try await series.truth(candidates, launches: truth)
        await series.evaluator.finish()
        if !options.json {
            for (when, truth) in [("before", before), ("after", after)] {
                print(
                    String(
                        format: "%@: ratio %.4f over launches, middle 80 %% within %.4f",
                        when as NSString, truth.ratio, truth.spread))
            }
            print(series.summary)
        }
        try host.remove()
    }
}
