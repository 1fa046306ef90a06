import Tuner

/// A replay in lines: what was searched, a row a seed, and the summary.
struct ReplayReport {
    let replay: Replay

    func lines(width: Int?) -> [StyledLine] { [heading] + table.lines(width: width) + [summary] }

    /// `dot n=4096 on AMD EPYC: 96 configurations, best 1.31 µs; random, 20 trials in batches of 64`
    private var heading: StyledLine {
        var line = StyledLine()
        line.append(replay.kernel, .strong)
        line.append(replay.problem.isEmpty ? "" : " \(replay.problem)")
        line.append(replay.device.isEmpty ? "" : " on \(replay.device)")
        line.append(": \(Wording.count(replay.configurations, "configuration"))")
        line.append(replay.failures > 0 ? ", \(replay.failures) failed" : "")
        line.append(", best \(Quantities.callTime(replay.optimum)); ")
        line.append("\(replay.strategy), \(Wording.count(replay.budget, "trial")) ")
        line.append("in batches of \(replay.batch)")
        return line
    }

    private var table: Table {
        var table = Table([
            .number("seed"), .number("trials"), .number("failed"), .number("best"),
            .number("best/optimum"), .number("within \(tolerance) at"), .text("configuration"),
        ])
        for run in replay.runs {
            table.rows.append([
                "\(run.seed)", "\(run.trials)", "\(run.failures)",
                Table.Cell(run.seconds.map(Quantities.callTime) ?? "–", .strong),
                Table.Cell(run.ratio.map { "\(Quantities.fixed($0, 3))×" } ?? "–"),
                Table.Cell(
                    run.trialsToTolerance.map { "trial \($0)" } ?? "–",
                    run.trialsToTolerance == nil ? .warning : .good),
                Table.Cell(run.configuration?.description ?? ""),
            ])
        }
        return table
    }

    /// `30 seeds: 1.043× the optimum (geometric mean), 63 % within 5 %, after 71 trials in the median`
    private var summary: StyledLine {
        var line = StyledLine("\(Wording.count(replay.runs.count, "seed")): ")
        if let ratio = replay.summary.meanRatio {
            line.append("\(Quantities.fixed(ratio, 3))×", .strong)
            line.append(" the optimum (geometric mean), ")
        } else {
            line.append("\(replay.runs.count { $0.ratio == nil }) found nothing that works, ", .bad)
        }
        line.append("\(Quantities.percentage(replay.summary.successShare)) within \(tolerance)")
        if let trials = replay.summary.medianTrialsToTolerance {
            line.append(", after \(Wording.count(trials, "trial")) in the median")
        }
        return line
    }

    private var tolerance: String { Quantities.percentage(Replay.tolerance) }
}
