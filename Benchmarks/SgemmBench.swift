import ArgumentParser
import CSIMD
import Foundation
import KernelSpace
import Tuner
import WorkerProtocol

/// Times variants of sgemm against OpenBLAS in one process: contestants alternating, ratios of minima a round.
struct SgemmBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sgemm",
        abstract: "Times tuned sgemm against OpenBLAS and against an untuned tile.",
        discussion: """
            One process measures one OpenBLAS: set OPENBLAS_CORETYPE before the start, and pin it with taskset.

            EXAMPLES
              OPENBLAS_CORETYPE=Haswell tune-bench --target cpu-avx2
              OPENBLAS_CORETYPE=SkylakeX tune-bench --target cpu-avx512 --problem m=512,n=512,k=512 \\
                --configuration lanes=16,mr=6,nv=4,unroll=2,packa=0,packb=1,mc=96,kc=512,nc=4096,threads=1
            """)

    @Option(help: "What to compile for.") var target = "cpu-native"
    @Option(help: "Dimensions of the product.") var problem = "m=512,n=512,k=512"
    @Option(help: "The tuned configuration; the manifest's default without it.")
    var configuration: String?
    @Option(help: "Shared library with cblas_sgemm.") var library = "libopenblas.so.0"
    @Option(help: "Rounds; a ratio of minima comes from each.") var rounds = 21
    @Option(help: "Seconds that each contestant has in a round.") var seconds = 0.1
    @Flag(help: "One JSON object a ratio instead of a table.") var json = false
    @Flag(help: "So short that only its working is tested.") var quick = false

    func run() async throws {
        let device = try DeviceProbe()
        let target = try Target.resolve(target, on: device.device)
        let files = try InstalledFiles(executable: CommandLine.arguments[0])
        let kernel = try KernelCatalogue(folders: [files.kernels]).kernel(named: "sgemm")
        let problem = try kernel.problem(parsing: problem)
        let space = try kernel.searchSpace(for: problem, target: target, device: device.device)
        guard let standard = kernel.defaultConfiguration(for: target, in: space) else {
            throw ValidationError("no configuration of sgemm is valid for \(target.name)")
        }
        let tuned = try configuration.map(parse) ?? standard
        guard space.number(of: tuned) != nil else {
            throw ValidationError("\(tuned) is not valid for \(target.name) and \(problem)")
        }
        // What a first attempt looks like: one vector wide, nothing unrolled, blocks as tuned.
        var plain = tuned
        for (name, value) in [("mr", 4), ("nv", 1), ("unroll", 1), ("packa", 1), ("packb", 1)] {
            plain.values[name] = .integer(value)
        }
        let operands = try Operands(kernel: kernel, problem: problem, [tuned, plain])
        let peer = try Peer(library: library)
        var contestants = [Contestant(name: peer.name) { peer.multiply(operands) }]
        let entries = try await compile(kernel, [tuned, plain], target, files)
        for (name, configuration) in [("tuned", tuned), ("4×1, unroll 1", plain)] {
            guard let entry = entries[kernel.specialization(of: configuration)] else { continue }
            let variant = try Variant(entry)
            let arguments = try kernel.arguments(of: configuration)
            contestants.append(
                Contestant(name: name) { variant.call(operands, arguments: arguments) })
        }
        try operands.check(contestants)
        let race = Race(
            rounds: quick ? 3 : rounds, seconds: quick ? 0.002 : seconds, contestants: contestants)
        report(race.run(), target, problem, tuned, flops: try kernel.work(on: problem).flops)
    }

    private func parse(_ text: String) throws -> Configuration {
        var values: [String: Value] = [:]
        for pair in text.split(separator: ",") {
            let sides = pair.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, let value = Int(sides[1]) else {
                throw ValidationError("'\(pair)' is not name=integer")
            }
            values[String(sides[0])] = .integer(value)
        }
        return Configuration(values)
    }

    private func compile(
        _ kernel: Kernel, _ configurations: [Configuration], _ target: Target,
        _ files: InstalledFiles
    ) async throws -> [Configuration: EntryPoint] {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "tune-bench-\(getpid())"
        ).path
        let library = try VariantLibrary(
            toolchain: try await Toolchain.find(
                Toolchain.Places(
                    named: nil, environment: ProcessInfo.processInfo.environment)),
            headers: files.headers, cache: try ObjectCache(folder: folder),
            lock: MeasuringLock(path: folder + ".lock"), limits: CompileLimits(parallelCalls: 1))
        let specializations = configurations.map { kernel.specialization(of: $0) }
        return try await library.variants(of: kernel, specializations, target: target)
            .mapValues { try $0.get() }
    }

    private func report(
        _ samples: [String: [Double]], _ target: Target, _ problem: Problem,
        _ tuned: Configuration, flops: Double
    ) {
        let best = samples.mapValues { flops / ($0.min() ?? .nan) / 1e9 }
        guard let own = samples["tuned"] else { return }
        for (name, times) in samples.sorted(by: { $0.key < $1.key }) where name != "tuned" {
            let ratio = Ratio(peer: times, own: own)
            let row = Row(
                target: target.name, problem: problem.description, peer: name,
                peerGflops: best[name] ?? .nan, tunedGflops: best["tuned"] ?? .nan,
                ratio: ratio.median, lower: ratio.lower, upper: ratio.upper,
                configuration: tuned.description)
            print(json ? row.json : row.text)
        }
    }
}

/// One line of the report: the tuned variant is `ratio` times as fast as the peer.
struct Row: Codable {
    var target: String
    var problem: String
    var peer: String
    var peerGflops: Double
    var tunedGflops: Double
    var ratio: Double
    /// 95 % bootstrap interval of the median.
    var lower: Double
    var upper: Double
    var configuration: String

    var text: String {
        String(
            format:
                "%-12@ %-20@ %-26@ %7.1f GFLOP/s   tuned %7.1f GFLOP/s   ratio %.3f [%.3f, %.3f]",
            target as NSString, problem as NSString, peer as NSString, peerGflops, tunedGflops,
            ratio, lower, upper)
    }
    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
