import ArgumentParser
import Foundation
import KernelSpace
import Tuner
import WorkerProtocol

/// Tunes the catalogue's kernels, then lets each meet the libraries that compute the same, or the bound of memory or arithmetic.
struct CatalogueBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Times tuned kernels against the libraries people would pick instead.",
        discussion: """
            Every contestant computes in one process, in turn, with the same buffers; a ratio of minima comes from each round, and the table has the \
            median over rounds with its 95 % interval. Leave the machine alone meanwhile. With --tuned a run may be interrupted: nothing is tuned twice.

            EXAMPLES
              tune-bench kernels Benchmarks/catalogue.json5 --target cpu-avx512 --peers build/peers --tuned tuned.json --out rows.jsonl
              tune-bench kernels Benchmarks/catalogue.json5 --case sgemm-skinny --budget 200
            """)

    @Argument(help: "A file of cases.") var file: String
    @Option(name: .customLong("case"), help: "Only this case; several are given one by one.")
    var names: [String] = []
    @Option(help: "Only cases of this target.") var target: String?
    @Option(help: "Only cases of so many threads.") var threads = 1
    @Option(help: "Folder of libraries that Benchmarks/setup-peers.sh filled.") var peers: String?
    @Option(help: "Trials of the search for each problem; 0 takes the manifest's default.")
    var budget = 100
    @Option(
        help: "File in which tuned configurations are kept, and from which known ones are taken.")
    var tuned: String?
    @Option(help: "Rounds.") var rounds = 15
    @Option(help: "Seconds that each contestant has in a round.") var seconds = 0.05
    @Flag(help: "One JSON object a line instead of a table.") var json = false
    @Option(help: "File to which these objects are written, besides.") var out: String?
    @Flag(help: "So short that only its working is tested.") var quick = false

    func run() async throws {
        let device = try DeviceProbe().device
        let all = try CatalogueCase.all(in: file)
        if let unknown = names.first(where: { name in !all.contains { $0.name == name } }) {
            throw ValidationError("\(file) has no case \"\(unknown)\"")
        }
        let chosen = all.filter {
            (names.isEmpty || names.contains($0.name)) && $0.target == target ?? $0.target
                && ($0.threads ?? 1) == threads
        }
        // Libraries are told once a process which instructions to use.
        guard Set(chosen.map(\.target)).count <= 1, let target = chosen.first?.target else {
            throw ValidationError(
                "no case is chosen, or cases of several targets are; --target picks those of one")
        }
        let known = try Target.resolve("cpu-native", on: device)
        guard let wanted = Target.all.first(where: { $0.name == target }),
            wanted.missingFeatures(on: device).isEmpty
        else {
            return note(
                "\(target) cannot run here, only up to \(known.name): its cases are left out")
        }
        guard threads <= device.cores else {
            return note("\(threads) threads need as many cores: their cases are left out")
        }
        let host = try await MeasuringHost()
        var store = try TunedConfigurations(file: tuned)
        let libraries = PeerLibraries(folder: peers, target: target, threads: threads)
        let report = try Report(asJSON: json, out)
        var summaries: [CaseSummary] = []
        for item in chosen {
            let contest = Contest(
                item: item, host: host, libraries: libraries, budget: quick ? 2 : budget,
                rounds: quick ? 2 : rounds, seconds: quick ? 0.001 : seconds, note: note)
            var rows: [ContestRow] = []
            for problem in item.problems {
                do {
                    let row = try await contest.row(problem, &store)
                    try report.add(row, row.text(item))
                    rows.append(row)
                } catch {
                    note("\(item.name) \(problem): \(error)")
                }
            }
            summaries.append(CaseSummary(item, rows))
        }
        for summary in summaries { try report.add(summary, summary.text) }
        try host.remove()
        // What libraries do at exit is not ours.
        _exit(summaries.contains { $0.failed > 0 } ? 1 : 0)
    }

    private func note(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}

/// Prints lines as text or JSON, and keeps them as JSON in a file.
private struct Report {
    private let isJSON: Bool
    private let file: FileHandle?

    init(asJSON: Bool, _ path: String?) throws {
        isJSON = asJSON
        file = try path.map { path in
            if !FileManager.default.fileExists(atPath: path) {
                try Data().write(to: URL(filePath: path))
            }
            return try FileHandle(forWritingTo: URL(filePath: path))
        }
        try file?.seekToEnd()
    }

    func add(_ value: some Encodable, _ text: String) throws {
        isJSON ? try JSONLine.print(value) : print(text)
        fflush(nil)
        try file?.write(contentsOf: Data((JSONLine.text(value) + "\n").utf8))
    }
}

extension ContestRow {
    fileprivate func text(_ item: CatalogueCase) -> String {
        var best = "no rival"
        if let rival, let ratio {
            let bar = item.least ?? item.bar
            let verdict = ratio.median >= bar ? "met" : "NOT MET"
            best = "\(ratio.text) of \(rival), bar \(bar) \(verdict)"
        }
        let rest =
            others.map { "\($0.name) \($0.ratio.text)" }
            + [standard].compactMap { $0.map { "default \($0.text)" } }
        let lines = [
            "\(name)  \(problem)  \(rate)  \(best)", rest.joined(separator: "; "), configuration,
        ]
        return lines.filter { !$0.isEmpty }.joined(separator: "\n    ")
    }
}

extension Ratio {
    var text: String { String(format: "%.3f [%.3f, %.3f]", median, lower, upper) }
}

/// What a case came to.
struct CaseSummary: Encodable {
    var name: String
    /// Geometric mean over problems of the ratio to the best rival of each; nil without any.
    var mean: Double?
    var least: Double?
    var bar: Double
    var leastBar: Double?
    /// Problems without a ratio.
    var failed: Int
    var isMet: Bool

    init(_ item: CatalogueCase, _ rows: [ContestRow]) {
        let ratios = rows.compactMap(\.ratio?.median)
        name = item.name
        bar = item.bar
        leastBar = item.least
        failed = item.problems.count - rows.count
        least = ratios.min()
        let sum = ratios.map { log($0) }.reduce(0, +)
        mean = ratios.isEmpty ? nil : exp(sum / Double(ratios.count))
        isMet =
            ratios.count == item.problems.count && mean ?? 0 >= bar
            && least ?? 0 >= item.least ?? 0
    }

    var text: String {
        guard let mean, let least else { return "\(name): no ratio, \(failed) failed" }
        return String(
            format: "%@: geometric mean %.3f (bar %.2f), least %.3f%@: %@%@", name, mean, bar,
            least,
            leastBar.map { String(format: " (bar %.2f)", $0) } ?? "", isMet ? "met" : "NOT MET",
            failed > 0 ? ", \(failed) failed" : "")
    }
}

/// Configurations found before, by kernel, problem, target and threads.
struct TunedConfigurations {
    private let file: String?
    private var known: [String: Configuration] = [:]

    init(file: String?) throws {
        self.file = file
        if let file, FileManager.default.fileExists(atPath: file) {
            known = try JSONDecoder().decode(
                [String: Configuration].self, from: Data(contentsOf: URL(filePath: file)))
        }
    }

    subscript(key: String) -> Configuration? { known[key] }

    mutating func keep(_ configuration: Configuration, as key: String) throws {
        known[key] = configuration
        guard let file else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(known).write(to: URL(filePath: file), options: .atomic)
    }
}
