import Tuner

/// The comparison of strategies as a table.
struct SearchReport {
    let benchmark: SearchBenchmark
    let peers: [(strategy: String, statistics: [SearchStatistics])]

    var lines: [StyledLine] {
        let spaces = benchmark.names.count
        let seeds = benchmark.runs.first?.first?.count ?? 0
        var lines = [
            StyledLine(
                "best over optimum, geometric mean over \(spaces) space\(spaces == 1 ? "" : "s") × "
                    + "\(seeds) seeds [95 %], runs within 5 %", .faint)
        ]
        lines += ratios.lines(width: nil)
        if !peers.isEmpty {
            lines += [
                StyledLine(),
                StyledLine(
                    "excess over the optimum as a fraction of the best peer's [95 %]", .faint),
            ]
            lines += fractions.lines(width: nil)
        }
        return lines
    }

    private var ratios: Table {
        var table = Table(
            [.text("strategy")] + benchmark.budgets.map { .number("\($0) trials") }
                + [.number("ms a trial"), .number("slowest")])
        for (row, strategy) in benchmark.strategies.enumerated() {
            let seconds = benchmark.secondsPerTrial(strategy: row)
            table.rows.append(
                [Table.Cell(strategy, .strong)]
                    + benchmark.budgets.map {
                        Self.cell(benchmark.statistics(strategy: row, budget: $0))
                    }
                    + [
                        Table.Cell(Self.fixed(seconds.mean * 1_000, 2)),
                        Table.Cell(Self.fixed(seconds.slowest * 1_000, 1)),
                    ])
        }
        for peer in peers {
            table.rows.append(
                [Table.Cell(peer.strategy, .faint)] + peer.statistics.map(Self.cell)
                    + [Table.Cell(""), Table.Cell("")])
        }
        return table
    }

    private var fractions: Table {
        var table = Table(
            [.text("strategy")] + benchmark.budgets.map { .number("\($0) trials") }
                + [.number("mean")])
        let best = benchmark.budgets.indices.map { budget in
            peers.map { $0.statistics[budget] }.min { $0.geometricMean < $1.geometricMean }
        }
        for (row, strategy) in benchmark.strategies.enumerated() {
            let fractions = benchmark.budgets.indices.compactMap { budget in
                best[budget].map {
                    benchmark.statistics(strategy: row, budget: benchmark.budgets[budget])
                        .excess(over: $0)
                }
            }
            let mean = fractions.reduce(0) { $0 + $1.fraction } / Double(max(1, fractions.count))
            table.rows.append(
                [Table.Cell(strategy, .strong)]
                    + fractions.map {
                        Table.Cell(
                            "\(Self.fixed($0.fraction, 2)) [\(Self.fixed($0.interval.lowerBound, 2)), "
                                + "\(Self.fixed($0.interval.upperBound, 2))]")
                    } + [Table.Cell(Self.fixed(mean, 2))])
        }
        return table
    }

    private static func cell(_ statistics: SearchStatistics) -> Table.Cell {
        let interval = statistics.interval
        return Table.Cell(
            "\(fixed(statistics.geometricMean, 3)) [\(fixed(interval.lowerBound, 3)), "
                + "\(fixed(interval.upperBound, 3))] \(fixed(statistics.shareWithinTolerance * 100, 0)) %"
        )
    }

    private static func fixed(_ value: Double, _ decimals: Int) -> String {
        Quantities.fixed(value, decimals)
    }
}
