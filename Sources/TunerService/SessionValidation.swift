import KernelSpace
import Tuner
import TunerAPI

extension CreateSession {
    /// Names that the request may have.
    static let names: Set<String> = [
        "target", "kernels", "trials", "seconds", "strategy", "seed", "batch", "keep", "priors",
        "confidence", "leastEffect", "bitwiseStable",
    ]
}

extension ServiceParts {
    /// Trials for each problem when a client sets no budget: hill climbing has settled by then in the built-in kernels' spaces.
    static let defaultTrials = 200
    /// The strategy that ends by itself: without a budget it tries everything.
    private static let endingStrategy = "exhaustive"
    private static let trialLimit = 1_000_000
    private static let secondsLimit = 30.0 * 86_400
    private static let batchLimit = 1_024
    private static let entryLimit = 1_000

    /// What the engine will run; everything that can be wrong is found here, before the session exists.
    /// Throws TunerError and KernelSpaceError.
    func validated(_ request: CreateSession) throws -> SessionRequest {
        if let problem = identity.compiler.problem {
            throw TunerError(
                .noCompiler, "cannot tune: \(problem)",
                hint:
                    "install Swift 6.3 or name its compiler with --swiftc; then start tunerd again")
        }
        let target = try Target.resolve(request.target, on: identity.device)
        let workload = try workload(of: request)
        for entry in workload {
            let space = try provider.space(for: entry, target: target.name).space
            guard space.count > 0 else {
                throw TunerError(
                    .badRequest,
                    "cannot tune \(entry.kernel) \(entry.problem) for \(target.name): no configuration "
                        + "satisfies its constraints",
                    hint: "see tunectl kernels \(entry.kernel)")
            }
        }
        let strategy = request.strategy ?? StrategyDescription.all[0].name
        _ = try StrategyDescription.parse(strategy)
        return SessionRequest(
            target: target.name, workload: workload,
            budget: try budget(of: request, strategy: strategy), strategy: strategy,
            // 53 bits: what every JSON reader keeps.
            seed: request.seed ?? .random(in: 0..<1 << 53),
            batch: try Self.check(request.batch, "batch", limit: Self.batchLimit)
                ?? SessionRequest.defaultBatch,
            keepOnCancel: request.keep ?? false, priors: request.priors ?? true,
            acceptance: try acceptance(of: request))
    }

    private func acceptance(of request: CreateSession) throws -> AcceptanceTerms {
        var terms = AcceptanceTerms(bitwiseStable: request.bitwiseStable ?? false)
        if let confidence = request.confidence {
            terms.confidence = try Self.check(
                confidence, "confidence", AcceptanceTerms.confidences)
        }
        if let effect = request.leastEffect {
            terms.leastEffect = try Self.check(effect, "leastEffect", AcceptanceTerms.effects)
        }
        return terms
    }

    private static func check(_ value: Double, _ name: String, _ range: ClosedRange<Double>)
        throws -> Double
    {
        guard range.contains(value) else {
            throw TunerError(
                .badRequest,
                "\(name) is \(value); it must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private func workload(of request: CreateSession) throws -> [WorkloadEntry] {
        let catalogue = kernels.catalogue
        var entries: [WorkloadEntry] = []
        for item in try items(of: request, in: catalogue) {
            let kernel = try catalogue.kernel(named: item.kernel)
            if let given = item.problem {
                entries.append(
                    WorkloadEntry(kernel: kernel.name, problem: try kernel.problem(given)))
            } else if kernel.representativeProblems.isEmpty {
                throw TunerError(
                    .badRequest,
                    "cannot tune \(kernel.name): no problem is given and its manifest has none",
                    hint: "give one with --problem")
            } else {
                entries += kernel.representativeProblems.map {
                    WorkloadEntry(kernel: kernel.name, problem: $0)
                }
            }
        }
        var seen: Set<WorkloadEntry> = []
        entries = entries.filter { seen.insert($0).inserted }
        guard entries.count <= Self.entryLimit else {
            throw TunerError(
                .badRequest,
                "cannot tune \(entries.count) problems in one session; at most \(Self.entryLimit)",
                hint: "start several sessions")
        }
        return entries
    }

    /// What was asked for, or every built-in kernel.
    private func items(of request: CreateSession, in catalogue: KernelCatalogue) throws
        -> [CreateSession.Entry]
    {
        if let items = request.kernels, !items.isEmpty { return items }
        let builtIn = catalogue.entries.filter { $0.folder.hasPrefix(kernels.builtIn + "/") }
        guard !builtIn.isEmpty else {
            throw TunerError(
                .notFound, "there is no built-in kernel in \(kernels.builtIn)",
                hint: "name the kernels to tune")
        }
        return builtIn.map { CreateSession.Entry(kernel: $0.kernel.name) }
    }

    private func budget(of request: CreateSession, strategy: String) throws -> Budget {
        let trials = try Self.check(request.trials, "trials", limit: Self.trialLimit)
        if let seconds = request.seconds {
            guard seconds > 0, seconds <= Self.secondsLimit else {
                throw TunerError(
                    .badRequest, "seconds is \(seconds); it must be above 0 and at most 30 days")
            }
        }
        let isUnset =
            trials == nil && request.seconds == nil && strategy != Self.endingStrategy
        return Budget(trials: isUnset ? Self.defaultTrials : trials, seconds: request.seconds)
    }

    private static func check(_ value: Int?, _ name: String, limit: Int) throws -> Int? {
        if let value, !(1...limit).contains(value) {
            throw TunerError(.badRequest, "\(name) is \(value); it must be from 1 to \(limit)")
        }
        return value
    }
}
