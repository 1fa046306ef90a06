import Foundation
import KernelSpace
import Tuner
import WorkerProtocol

/// What one problem of a case came to.
struct ContestRow {
    struct Rival {
        var name: String
        var rate: String
        /// The rival's time over that of the tuned variant; of a bound, what part of it is reached.
        var ratio: Ratio
    }
    /// What `--json` prints.
    struct Line: Encodable {
        var name: String, problem: String, configuration: String, rival: String
        var seconds: Double
        var ratio: Ratio

        init(_ row: ContestRow, _ rival: Rival) {
            name = row.name
            problem = row.problem
            configuration = "\(row.configuration)"
            self.rival = rival.name
            seconds = row.seconds
            ratio = rival.ratio
        }
    }

    var name: String
    var problem: String
    var configuration: Configuration
    /// Least seconds a call.
    var seconds: Double
    var work: (flops: Double, bytes: Double)
    var figure: Kernel.Work.Figure
    var rivals: [Rival]
    /// Against the best rival; nil without one.
    var best: Double? {
        rivals.filter { !$0.name.hasPrefix("default") }.map(\.ratio.median).min()
    }

    func rate(_ seconds: Double) -> String {
        switch figure {
        case .flops: String(format: "%.1f GFLOP/s", work.flops / seconds / 1e9)
        case .bytes: String(format: "%.1f GB/s", work.bytes / seconds / 1e9)
        }
    }
}

/// Tunes the problems of one case and lets the winner meet its rivals.
struct Contest {
    let item: CatalogueCase
    let host: MeasuringHost
    let libraries: PeerLibraries
    let budget: Int
    let rounds: Int
    let seconds: Double

    /// Results of different orders of summation differ by less than this, as a share of the largest.
    private static let tolerance = 1e-2

    func row(_ text: String, _ store: inout TunedConfigurations) async throws -> ContestRow {
        let kernel = try host.catalogue.kernel(named: item.kernel)
        let problem = try kernel.problem(parsing: text)
        let device = host.probe.device
        let target = try Target.resolve(item.target, on: device)
        let threads = item.threads ?? 1
        let provider = try SubspaceProvider(kernel, threads: threads, host)
        let entry = WorkloadEntry(kernel: kernel.name, problem: problem)
        let (_, found) = try provider.space(for: entry, target: item.target)
        let key = "\(kernel.name) \(problem) \(target.name) \(threads)"
        let configuration: Configuration
        if let known = store[key] {
            configuration = known
        } else {
            configuration = try await tune(entry, found, provider)
            try store.keep(configuration, as: key)
        }
        let configurations =
            [configuration]
            + [found].compactMap(\.self).filter {
                $0 != configuration
            }
        let cache = device.caches.map(\.bytes).max() ?? 32 << 20
        let buffers = try CallBuffers(
            kernel, problem, policy: item.cache ?? kernel.cachePolicy, lastLevelCache: cache,
            configurations)
        let variants = try await host.library.variants(
            of: kernel, configurations.map { kernel.specialization(of: $0) }, target: target)
        var contestants: [Contestant] = []
        for (configuration, name) in zip(configurations, ["tuned", "default"]) {
            guard let built = variants[kernel.specialization(of: configuration)] else { continue }
            let variant = try Variant(
                try built.get(), arguments: try kernel.arguments(of: configuration),
                threads: kernel.threads(of: configuration), buffers)
            contestants.append(Contestant(name: name) { variant.call(copy: $0) })
        }
        if item.rival == .peers {
            for row in PeerTable.rows where row.kernel == kernel.name {
                guard let call = row.make(libraries, problem) else { continue }
                contestants.append(
                    Contestant(name: row.name) { call(buffers.copies[$0]) })
            }
        }
        try check(contestants, buffers)
        let work = try kernel.work(on: problem)
        let bound = Bound(lastLevelCache: cache, device: device)
        let (loops, share) = bound.family(item.rival)
        let times = Race(
            rounds: rounds, seconds: seconds, copies: buffers.copies.count,
            contestants: contestants + loops
        ).run()
        guard let own = times["tuned"] else { throw BenchError(message: "nothing was timed") }
        var row = ContestRow(
            name: item.name, problem: text, configuration: configuration,
            seconds: own.min() ?? .nan, work: work, figure: kernel.work.figure, rivals: [])
        for contestant in contestants.dropFirst() {
            guard let theirs = times[contestant.name], let least = theirs.min() else { continue }
            row.rivals.append(
                .init(
                    name: contestant.name, rate: row.rate(least),
                    ratio: Ratio(of: theirs, over: own)))
        }
        let best = loops.min {
            Ratio.median(times[$0.name] ?? []) < Ratio.median(times[$1.name] ?? [])
        }
        if let best, let theirs = times[best.name], let least = theirs.min() {
            // Per byte, or per operation: the loop moves another amount.
            let scale = (item.rival == .multiplyAdd ? work.flops : work.bytes) / share
            row.rivals.append(
                .init(
                    name: best.name, rate: row.rate(least * scale),
                    ratio: Ratio(of: theirs.map { $0 * scale }, over: own)))
        }
        return row
    }

    private func tune(
        _ entry: WorkloadEntry, _ standard: Configuration?, _ provider: SubspaceProvider
    ) async throws -> Configuration {
        if budget == 0, let standard { return standard }
        let request = SessionRequest(
            target: item.target, workload: [entry], budget: Budget(trials: budget),
            strategy: "auto", seed: 1, priors: false)
        let (session, _, _) = try await host.session(request, provider: provider)
        let result = session.results[0]
        guard let winner = result?.configuration else {
            throw BenchError(
                message: "the search for \(entry.kernel) \(entry.problem) found nothing; failures: "
                    + "\(result?.failures ?? [:])")
        }
        return winner
    }

    /// Throws unless all contestants compute the same.
    private func check(_ contestants: [Contestant], _ buffers: CallBuffers) throws {
        var first: [Double] = []
        var scale = 1.0
        for contestant in contestants {
            buffers.clearOutputs(copy: 0)
            contestant.run(0)
            let result = buffers.outputs(copy: 0)
            if first.isEmpty {
                first = result
                scale = max(result.map(\.magnitude).max() ?? 0, 1e-30)
            }
            for (x, y) in zip(first, result) where !((x - y).magnitude <= Self.tolerance * scale) {
                throw BenchError(message: "\(contestant.name) computes \(y) where \(x) is right")
            }
        }
    }
}
