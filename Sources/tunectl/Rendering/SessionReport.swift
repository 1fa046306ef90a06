import Tuner

/// A session in lines that stay: the heading, milestones for a log, and the summary at its end.
struct SessionReport {
    let progress: SessionProgress

    /// `session s-12: cpu-avx512, 3 problems, hillclimb with seed 7, 600 trials in all`
    var heading: StyledLine {
        let request = progress.request
        var line = StyledLine("session ")
        line.append(progress.id, .strong)
        line.append(": \(request.target), \(Wording.count(request.workload.count, "problem")), ")
        line.append("\(request.strategy) with seed \(request.seed), ")
        line.append(Wording.budget(request.budget, problems: request.workload.count))
        return line
    }

    // MARK: - Milestones

    /// The line that a log gets; nil for what the summary says anyway.
    func line(_ milestone: SessionProgress.Milestone) -> StyledLine? {
        switch milestone {
        case .started, .finished: nil
        case .resumed: StyledLine("resumed by a new daemon", .warning)
        case .entryStarted(let index):
            about(index, start(index))
        case .defaultMeasured(let index): about(index, "default: \(bestSpeed(index))")
        case .defaultFailed(let index, let code): about(index, "the default failed: \(code)")
        case .improved(let index): improvement(index)
        case .entryFinished(let index): finished(index)
        }
    }

    private func about(_ index: Int, _ text: String) -> StyledLine {
        StyledLine("\(name(index)): \(text)")
    }

    private func name(_ index: Int) -> String {
        let entry = progress.entries[index]
        return entry.problem.isEmpty ? entry.name : "\(entry.name) \(entry.problem)"
    }

    private func start(_ index: Int) -> String {
        let earlier = Wording.earlier(progress.entries[index].earlier).map { " \($0)" } ?? ""
        let limit = progress.trialLimit(index).map { ", at most \($0) trials" } ?? ""
        return "started\(earlier)\(limit)"
    }

    private func bestSpeed(_ index: Int) -> String {
        let entry = progress.entries[index]
        guard let best = entry.best else { return "–" }
        return "\(entry.speed(best.seconds)) (\(Quantities.callTime(best.seconds)))"
    }

    private func improvement(_ index: Int) -> StyledLine? {
        let entry = progress.entries[index]
        guard let best = entry.best else { return nil }
        let factor = entry.defaultSeconds.map {
            ", \(Quantities.factor($0 / best.seconds)) the default"
        }
        return about(
            index,
            "trial \(best.trial): \(bestSpeed(index))\(factor ?? ""): \(best.configuration)")
    }

    private func finished(_ index: Int) -> StyledLine? {
        let entry = progress.entries[index]
        guard let result = entry.result else { return nil }
        let failures = entry.failureCount > 0 ? ", \(entry.failureCount) failed" : ""
        return about(
            index,
            "\(Wording.count(result.trials, "trial"))\(failures); "
                + Wording.explanation(result.decision))
    }

    // MARK: - Summary

    /// Table, failures and where the time went. `width` nil: as wide as it gets.
    func summary(width: Int?) -> [StyledLine] {
        var lines = table.lines(width: width)
        for (index, entry) in progress.entries.enumerated() {
            lines += (entry.result.map(Wording.comparison) ?? []).map {
                StyledLine("\(name(index)): \($0)", .faint)
            }
        }
        var failures: [String: Int] = [:]
        for entry in progress.entries { failures.merge(entry.failures, uniquingKeysWith: +) }
        if !failures.isEmpty { lines.append(StyledLine("failed: \(Wording.failures(failures))")) }
        lines += ConcernLines.lines(progress.entries.map { $0.result?.environment }, of: "problem")
        if let start { lines.append(start) }
        if let split = progress.split, split.total > 0 { lines.append(Self.time(split)) }
        switch progress.state {
        case .cancelled: lines.append(StyledLine("cancelled", .warning))
        case .failed(let message): lines.append(StyledLine("failed: \(message)", .bad))
        case .queued, .running, .finished: break
        }
        return lines
    }

    /// `started from 812 earlier trials of 4 problems`; of several entries the one that had most.
    private var start: StyledLine? {
        let earlier = progress.entries.map(\.earlier)
        guard let most = earlier.max(by: { $0.trials < $1.trials }),
            let text = Wording.earlier(most, atMost: Set(earlier).count > 1)
        else { return nil }
        return StyledLine("started \(text)", .faint)
    }

    private var table: Table {
        var table = Table([
            .text("kernel"), .text("problem"), .number("default"), .number("tuned"),
            .number("speed-up"), .text("decision"), .text("configuration"),
        ])
        for entry in progress.entries {
            let decision: Table.Cell =
                entry.result.map {
                    Table.Cell(Wording.decision($0.decision), Wording.style($0.decision))
                } ?? Table.Cell(entry.isStarted ? "undecided" : "not started", .faint)
            table.rows.append([
                Table.Cell(entry.name, .strong), Table.Cell(entry.problem),
                Table.Cell(entry.comparedDefault.map(entry.speed) ?? "–"),
                Table.Cell(entry.seconds.map(entry.speed) ?? "–", .strong),
                Table.Cell(
                    entry.speedup.map(Quantities.factor) ?? "–",
                    (entry.speedup ?? 0) >= 1.005 ? .good : .plain),
                decision, Table.Cell(entry.configuration?.description ?? ""),
            ])
        }
        return table
    }

    /// `took 48.2 s: compiling 31.0 s (64 %), verifying 4.1 s (9 %), measuring 12.0 s (25 %), rest 1.1 s (2 %)`
    static func time(_ split: TimeSplit) -> StyledLine {
        let parts = [
            ("compiling", split.compile), ("verifying", split.verify),
            ("measuring", split.measure), ("rest", split.rest),
        ]
        let text = parts.map { name, seconds in
            let share = split.total > 0 ? " (\(Quantities.percentage(seconds / split.total)))" : ""
            return "\(name) \(Quantities.fixed(max(seconds, 0), 1)) s\(share)"
        }.joined(separator: ", ")
        return StyledLine("took \(Quantities.waitingTime(split.total)): \(text)", .faint)
    }
}
