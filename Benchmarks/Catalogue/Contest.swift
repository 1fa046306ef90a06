import CBench
import Foundation
import KernelSpace
import Tuner
import WorkerProtocol

/// What one problem of a case came to.
struct ContestRow: Encodable {
    struct Rival: Encodable {
        var name: String
        /// The rival's time over that of the tuned variant; of a bound, what part of it is reached; of speed-ups, ours over the loop's.
        var ratio: Ratio
    }

    var name: String
    var problem: String
    var configuration: String
    /// GFLOP/s or GB/s of the fastest call.
    var rate: String
    /// The strongest, if there is any, and how we compare with it.
    var rival: String?
    var ratio: Ratio?
    /// Weaker ones.
    var others: [Rival]
    /// The manifest's configuration, where it is another.
    var standard: Ratio?
}

/// Tunes the problems of one case and lets the winner meet its rivals.
struct Contest {
    let item: CatalogueCase
    let host: MeasuringHost
    let libraries: PeerLibraries
    let budget: Int
    let rounds: Int
    let seconds: Double
    let note: (String) -> Void

    private var threads: Int { item.threads ?? 1 }
    private var device: Device { host.probe.device }

    private static let hopeless = 10.0

    private struct Entrant {
        var name: String
        var configuration: Configuration
    }
    private static let tuned = "tuned"
    private static let standard = "default"
    private static let alone = "one thread"

    func row(_ text: String, _ store: inout TunedConfigurations) async throws -> ContestRow {
        let kernel = try host.catalogue.kernel(named: item.kernel)
        let problem = try kernel.problem(parsing: text)
        let target = try Target.resolve(item.target, on: device)
        let tuned = try await configuration(kernel, problem, threads, &store)
        var entrants = [Entrant(name: Self.tuned, configuration: tuned.best)]
        if let standard = tuned.standard, standard != tuned.best {
            entrants.append(Entrant(name: Self.standard, configuration: standard))
        }
        if item.speedup == true {
            let alone = try await configuration(kernel, problem, 1, &store)
            entrants.append(Entrant(name: Self.alone, configuration: alone.best))
        }
        let built = try await host.library.variants(
            of: kernel, entrants.map { kernel.specialization(of: $0.configuration) },
            target: target)
        // Single threads stay on the core that the search measured on, libraries included, which look at this when they are loaded.
        return try onCore(threads == 1 ? host.probe.measuringCore : nil) {
            try meet(kernel, problem, text, entrants, built)
        }
    }

    private func meet(
        _ kernel: Kernel, _ problem: Problem, _ text: String, _ entrants: [Entrant],
        _ built: [Configuration: Result<EntryPoint, Failure>]
    ) throws -> ContestRow {
        let cache = device.caches.map(\.bytes).max() ?? 32 << 20
        let buffers = try CallBuffers(
            kernel, problem, policy: try item.cache ?? kernel.cachePolicy(on: problem),
            lastLevelCache: cache,
            entrants.map(\.configuration))
        var contestants = try entrants.map { entrant in
            let configuration = entrant.configuration
            guard let object = built[kernel.specialization(of: configuration)] else {
                throw BenchError(message: "\(configuration) was not built")
            }
            let variant = try Variant(
                try object.get(), arguments: try kernel.arguments(of: configuration),
                threads: kernel.threads(of: configuration), cores: host.probe.allowed, buffers)
            return Contestant(name: entrant.name) { variant.call(copy: $0) }
        }
        var peers: [String] = []
        let right = result(of: contestants[0], buffers)
        for row in PeerTable.rows where item.rival == .peers && row.kernel == kernel.name {
            guard let call = row.make(libraries, problem) else { continue }
            let peer = Contestant(name: row.name) { call(buffers.copies[$0]) }
            if let reason = difference(result(of: peer, buffers), right, row.tolerance)
                ?? slowness(peer, contestants[0])
            {
                note("\(item.name) \(text): \(row.name) is left out: \(reason)")
                continue
            }
            peers.append(row.name)
            contestants.append(peer)
        }
        let bound = try Bound(lastLevelCache: cache, device: device, cores: host.probe.allowed)
        let families = bound.families(item.rival, threads: threads)
        let alone = item.speedup == true ? bound.families(item.rival, threads: 1) : []
        contestants += (families + alone).flatMap(\.contestants)
        let times = Race(
            rounds: rounds, seconds: seconds, copies: buffers.copies.count,
            contestants: contestants
        ).run()
        let work = try kernel.work(on: problem)
        let own = times[Self.tuned] ?? []
        var rivals = peers.compactMap { peer in
            times[peer].map { ContestRow.Rival(name: peer, ratio: Ratio(of: $0, over: own)) }
        }
        if item.speedup == true, let one = times[Self.alone],
            let loop = slowest(alone, times, work)?.times,
            let loops = slowest(families, times, work)
        {
            let expected = one.indices.map { one[$0] * loops.times[$0] / loop[$0] }
            rivals.append(.init(name: loops.name, ratio: Ratio(of: expected, over: own)))
        } else if let loop = slowest(families, times, work) {
            rivals.append(.init(name: loop.name, ratio: Ratio(of: loop.times, over: own)))
        }
        rivals.sort { $0.ratio.median < $1.ratio.median }
        return ContestRow(
            name: item.name, problem: text, configuration: "\(entrants[0].configuration)",
            rate: rate(kernel.work.figure, work, own.min() ?? .nan),
            rival: rivals.first?.name, ratio: rivals.first?.ratio,
            others: Array(rivals.dropFirst()),
            standard: times[Self.standard].map { Ratio(of: $0, over: own) })
    }

    /// Of each family the fastest loop, of those the slowest, with the seconds it would take for `work`: loops move other amounts.
    private func slowest(
        _ families: [Bound.Family], _ times: [String: [Double]],
        _ work: (flops: Double, bytes: Double)
    ) -> (name: String, times: [Double])? {
        families.compactMap { family in
            let scale = (family.isArithmetic ? work.flops : work.bytes) / family.work
            return family.contestants.map { loop in
                (name: loop.name, times: (times[loop.name] ?? []).map { $0 * scale })
            }.min { Ratio.median($0.times) < Ratio.median($1.times) }
        }.max { Ratio.median($0.times) < Ratio.median($1.times) }
    }

    private func rate(
        _ figure: Kernel.Work.Figure, _ work: (flops: Double, bytes: Double), _ seconds: Double
    ) -> String {
        switch figure {
        case .flops: String(format: "%.1f GFLOP/s", work.flops / seconds / 1e9)
        case .bytes: String(format: "%.1f GB/s", work.bytes / seconds / 1e9)
        }
    }

    /// What was tuned before for that many threads, or what a search finds now; and the manifest's default.
    private func configuration(
        _ kernel: Kernel, _ problem: Problem, _ threads: Int, _ store: inout TunedConfigurations
    ) async throws -> (best: Configuration, standard: Configuration?) {
        let provider = try SubspaceProvider(kernel, threads: threads, host)
        let entry = WorkloadEntry(kernel: kernel.name, problem: problem)
        let (space, standard) = try provider.space(for: entry, target: item.target)
        let key = "\(kernel.name) \(problem) \(item.target) \(threads)"
        if let known = store[key], space.number(of: known) != nil { return (known, standard) }
        let best = try await tune(entry, standard, provider)
        try store.keep(best, as: key)
        return (best, standard)
    }

    private func tune(
        _ entry: WorkloadEntry, _ standard: Configuration?, _ provider: SubspaceProvider
    ) async throws -> Configuration {
        if budget == 0, let standard { return standard }
        let request = SessionRequest(
            target: item.target, workload: [entry], budget: Budget(trials: max(budget, 1)),
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

    /// Says so if a peer is so slow that its place in the race would only cost time.
    private func slowness(_ peer: Contestant, _ own: Contestant) -> String? {
        func seconds(_ contestant: Contestant) -> Double {
            let durations = (0..<3).map { _ in ContinuousClock().measure { contestant.run(0) } }
            return (durations.min() ?? .zero) / .seconds(1)
        }
        let ratio = seconds(peer) / seconds(own)
        return ratio > Self.hopeless ? String(format: "it takes %.0f times as long", ratio) : nil
    }

    private func result(of contestant: Contestant, _ buffers: CallBuffers) -> [Double] {
        buffers.clearOutputs(copy: 0)
        contestant.run(0)
        return buffers.outputs(copy: 0)
    }

    /// What is wrong with `values`, if anything is; `tolerance` is a share of the largest right one.
    private func difference(_ values: [Double], _ right: [Double], _ tolerance: Double) -> String? {
        let scale = max(right.map(\.magnitude).max() ?? 0, 1e-30)
        let wrong = zip(values, right).first { !(($0 - $1).magnitude <= tolerance * scale) }
        return wrong.map { "it computes \($0.0) where \($0.1) is right" }
    }
}

/// Runs `body` on one core, and what it starts, or anywhere.
private func onCore<Value>(_ core: Int?, _ body: () throws -> Value) rethrows -> Value {
    let before = core_mask()
    defer { set_core_mask(before) }
    if let core {
        var mask = CoreMask()
        withUnsafeMutableBytes(of: &mask) { $0[core / 8] = 1 << UInt8(core % 8) }
        set_core_mask(mask)
    }
    return try body()
}
