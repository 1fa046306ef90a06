import ArgumentParser
import Foundation
import KernelSpace
import Tuner
import WorkerProtocol

/// Tunes the same space again and again and compares the winners.
struct RepeatBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repeat",
        abstract: "Tries all of a small space several times, then times the winners together.",
        discussion: """
            The file names kernel, problem, target and the values of the parameters, as those of Benchmarks/Subspaces do. \
            Every run starts from nothing; compiled objects are shared.
            """)

    /// One line of the report.
    struct Row: Codable {
        var run: Int
        var configuration: Configuration
        /// Seconds a call as its own run saw it.
        var seconds: Double
        /// Its time over the best winner's, in the run that compares them.
        var ratio: Double
        var acceptance: Acceptance?
    }

    @Argument(help: "A file that restricts a kernel's space.") var subspace: String
    @Option(help: "Runs.") var runs = 10
    @Option(help: "Launches in which the winners are compared.") var launches = 15
    @Option(help: "Rounds in each.") var rounds = 11
    @Flag(help: "One JSON object a run.") var json = false

    func run() async throws {
        let host = try await MeasuringHost()
        let subspace = try Subspace(file: subspace)
        let entry = try host.entry(kernel: subspace.kernel, problem: subspace.problem)
        let provider = try SubspaceProvider(subspace, host)
        var winners: [(configuration: Configuration, seconds: Double, acceptance: Acceptance?)] = []
        for number in 0..<runs {
            let request = SessionRequest(
                target: subspace.target, workload: [entry], budget: Budget(),
                strategy: "exhaustive", seed: UInt64(number), priors: false)
            let (session, trials, _) = try await host.session(request, provider: provider)
            guard let result = session.results[0], let winner = result.configuration,
                let seconds = result.seconds
            else { throw BenchError(message: "a run ended without a winner") }
            winners.append((winner, seconds, result.acceptance))
            if !json { print("run \(number + 1): \(trials.count) configurations, \(winner)") }
        }
        let distinct = Array(Set(winners.map(\.configuration)))
        let ratios = try await ratios(of: distinct, entry, subspace.target, host)
        for (number, winner) in winners.enumerated() {
            let row = Row(
                run: number + 1, configuration: winner.configuration, seconds: winner.seconds,
                ratio: ratios[winner.configuration] ?? .nan, acceptance: winner.acceptance)
            if json {
                try JSONLine.print(row)
            } else {
                print(
                    String(
                        format: "%3d  %10.6g s  %.4f of the best  %@", row.run, row.seconds,
                        row.ratio, "\(row.configuration)" as NSString))
            }
        }
        try host.remove()
    }

    /// Each one's time over the least, medians over launches.
    private func ratios(
        of configurations: [Configuration], _ entry: WorkloadEntry, _ target: String,
        _ host: MeasuringHost
    ) async throws -> [Configuration: Double] {
        let evaluator = try await host.evaluator(of: entry, target: target)
        var seen = [[Double]](repeating: [], count: configurations.count)
        for _ in 0..<launches {
            let measured = try await evaluator.compare(configurations, rounds: rounds)
            guard let first = measured.first ?? nil else { continue }
            for (index, measurement) in measured.enumerated() {
                guard let measurement else { continue }
                let rounds = zip(measurement.samples, first.samples).map { $0 / $1 }.sorted()
                seen[index].append(rounds[rounds.count / 2])
            }
        }
        await evaluator.finish()
        let medians = seen.map { values in
            let sorted = values.sorted()
            return sorted.isEmpty ? Double.nan : sorted[sorted.count / 2]
        }
        let least = medians.min() ?? 1
        return Dictionary(
            uniqueKeysWithValues: zip(configurations, medians.map { $0 / least }))
    }
}
