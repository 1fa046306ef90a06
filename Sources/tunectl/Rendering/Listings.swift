import KernelSpace
import Tuner
import TunerAPI

/// What the commands that ask print: answers of the daemon in, lines out.
enum Listings {
    static func sessions(_ sessions: [Session], now: Double) -> Table {
        var table = Table([
            .text("session"), .text("state"), .text("target"), .text("strategy"),
            .number("age"), .number("ran"), .text("kernels"),
        ])
        for session in sessions {
            let request = session.request
            table.rows.append([
                Table.Cell(session.id, .strong),
                Table.Cell(session.state.name, Wording.style(session.state)),
                Table.Cell(request.target), Table.Cell(request.strategy),
                Table.Cell(Quantities.age(now - session.created)),
                Table.Cell(Quantities.waitingTime(session.elapsed)),
                Table.Cell(kernels(request.workload)),
            ])
        }
        return table
    }

    /// `sgemm ×3, dot`
    private static func kernels(_ workload: [WorkloadEntry]) -> String {
        var counts: [(name: String, count: Int)] = []
        for entry in workload {
            if let index = counts.firstIndex(where: { $0.name == entry.kernel }) {
                counts[index].count += 1
            } else {
                counts.append((entry.kernel, 1))
            }
        }
        return counts.map { $0.count > 1 ? "\($0.name) ×\($0.count)" : $0.name }
            .joined(separator: ", ")
    }

    static func session(_ session: Session, width: Int?) -> [StyledLine] {
        let request = session.request
        var state = StyledLine(session.state.name, Wording.style(session.state))
        if case .failed(let message) = session.state { state.append(": \(message)") }
        var lines = properties([
            ("session", StyledLine(session.id, .strong)), ("state", state),
            ("target", StyledLine(request.target)),
            ("strategy", StyledLine("\(request.strategy), seed \(request.seed)")),
            (
                "budget",
                StyledLine(Wording.budget(request.budget, problems: request.workload.count))
            ),
            ("ran", StyledLine(Quantities.waitingTime(session.elapsed))),
        ])
        lines.append(StyledLine())
        lines += results(session).lines(width: width)
        for (entry, result) in zip(request.workload, session.results) {
            lines += (result.map(Wording.comparison) ?? []).map {
                StyledLine("\(entry.kernel) \(entry.problem): \($0)", .faint)
            }
        }
        var failures: [String: Int] = [:]
        for result in session.results {
            failures.merge(result?.failures ?? [:], uniquingKeysWith: +)
        }
        if !failures.isEmpty { lines.append(StyledLine("failed: \(Wording.failures(failures))")) }
        lines += ConcernLines.lines(session.results.map { $0?.environment }, of: "problem")
        if session.timeSplit.total > 0 { lines.append(SessionReport.time(session.timeSplit)) }
        return lines
    }

    private static func results(_ session: Session) -> Table {
        var table = Table([
            .text("kernel"), .text("problem"), .number("trials"), .number("default"),
            .number("tuned"), .number("speed-up"), .text("decision"), .text("configuration"),
        ])
        for (entry, result) in zip(session.request.workload, session.results) {
            var speedup: Double?
            if let seconds = result?.seconds, let before = result?.defaultSeconds, seconds > 0 {
                speedup = before / seconds
            }
            table.rows.append([
                Table.Cell(entry.kernel, .strong), Table.Cell(entry.problem.description),
                Table.Cell(result.map { "\($0.trials)" } ?? "–"),
                Table.Cell(result?.defaultSeconds.map(Quantities.callTime) ?? "–"),
                Table.Cell(result?.seconds.map(Quantities.callTime) ?? "–", .strong),
                factor(speedup),
                result.map {
                    Table.Cell(Wording.decision($0.decision), Wording.style($0.decision))
                } ?? Table.Cell(session.state.isOver ? "undecided" : "to come", .faint),
                Table.Cell(result?.configuration?.description ?? ""),
            ])
        }
        return table
    }

    private static func factor(_ speedup: Double?) -> Table.Cell {
        Table.Cell(
            speedup.map(Quantities.factor) ?? "–", (speedup ?? 0) >= 1.005 ? .good : .plain)
    }

    static func trials(_ trials: [Trial], of session: Session) -> Table {
        var table = Table([
            .text("kernel"), .text("problem"), .number("trial"), .number("time"),
            .text("reused"), .text("outcome"), .text("configuration"),
        ])
        let workload = session.request.workload
        for trial in trials where workload.indices.contains(trial.entry) {
            let entry = workload[trial.entry]
            let failure = trial.evaluation.failure?.code
            table.rows.append([
                Table.Cell(entry.kernel), Table.Cell(entry.problem.description),
                Table.Cell("\(trial.number)"),
                Table.Cell(trial.evaluation.seconds.map(Quantities.callTime) ?? "–"),
                Table.Cell(trial.reused ? "yes" : "no", .faint),
                Table.Cell(failure ?? "measured", failure == nil ? .plain : .warning),
                Table.Cell(trial.configuration.description),
            ])
        }
        return table
    }

    static func records(_ records: [ListedRecord], now: Double) -> Table {
        var table = Table([
            .text("kernel"), .text("problem"), .text("target"), .number("default"),
            .number("tuned"), .number("speed-up"), .number("age"), .text("standing"),
            .text("configuration"),
        ])
        for listed in records {
            let record = listed.record
            let work = Work(record)
            let standing = Wording.standing(listed.kind)
            table.rows.append([
                Table.Cell(record.key.kernel, .strong), Table.Cell(record.problem.description),
                Table.Cell(record.key.target), Table.Cell(work.speed(record.defaultSeconds)),
                Table.Cell(work.speed(record.seconds), .strong), factor(record.speedup),
                Table.Cell(Quantities.age(now - record.created)),
                Table.Cell(standing.word, standing.style),
                Table.Cell(record.configuration.description),
            ])
        }
        return table
    }

    /// What the records' figures suffer from.
    static func concerns(_ records: [ListedRecord]) -> [StyledLine] {
        ConcernLines.lines(records.map(\.record.environment), of: "record")
    }

    static func lookup(_ answer: LookupResponse) -> [StyledLine] {
        let standing = Wording.standing(answer.kind)
        var rows = [
            (answer.kind.rawValue, StyledLine(answer.explanation, standing.style))
        ]
        if let record = answer.record {
            let work = Work(record)
            let time = Quantities.callTime(record.seconds)
            rows += [
                ("configuration", StyledLine(record.configuration.description, .strong)),
                ("speed", StyledLine("\(work.speed(record.seconds)) (\(time))")),
                ("speed-up", StyledLine("\(Quantities.factor(record.speedup)) the default")),
                ("problem", StyledLine(record.problem.description)),
                ("device", StyledLine("\(record.device.brand) (\(record.key.device.short))")),
            ]
            if let acceptance = record.acceptance {
                rows.append(("acceptance", StyledLine(Wording.acceptance(acceptance))))
            }
            rows += ConcernLines.lines([record.environment], of: "record").map { ("but", $0) }
        }
        return properties(rows)
    }

    // MARK: - The daemon

    static func kernels(_ list: KernelList, width: Int?) -> [StyledLine] {
        var table = Table([
            .text("kernel"), .text("dimensions"), .number("parameters"), .number("problems"),
            .text("summary"),
        ])
        for kernel in list.kernels {
            table.rows.append([
                Table.Cell(kernel.name, .strong),
                Table.Cell(kernel.dimensions.joined(separator: ", ")),
                Table.Cell("\(kernel.parameters.count)"), Table.Cell("\(kernel.problems.count)"),
                Table.Cell(kernel.summary),
            ])
        }
        let rejected = list.rejected.map { StyledLine("cannot be used: \($0.message)", .bad) }
        return (list.kernels.isEmpty ? [] : table.lines(width: width)) + rejected
    }

    static func kernel(_ detail: KernelDetail, width: Int?) -> [StyledLine] {
        var heading = StyledLine(detail.kernel.name, .strong)
        heading.append(": \(detail.kernel.summary)")
        var lines = [heading, StyledLine(detail.kernel.folder, .faint), StyledLine()]
        var dimensions = Table([.text("dimension"), .text("default"), .text("summary")])
        for dimension in detail.dimensions {
            dimensions.rows.append([
                Table.Cell(dimension.name, .strong), Table.Cell(dimension.defaultValue ?? "–"),
                Table.Cell(dimension.summary),
            ])
        }
        lines += dimensions.lines(width: width) + [StyledLine()]
        var parameters = Table([
            .text("parameter"), .text("kind"), .text("values"), .text("summary"),
        ])
        for parameter in detail.parameters {
            parameters.rows.append([
                Table.Cell(parameter.name, .strong),
                Table.Cell(parameter.isSpecialization ? "specialization" : "argument"),
                Table.Cell(parameter.values.map(\.description).joined(separator: " ")),
                Table.Cell(parameter.summary),
            ])
        }
        lines += parameters.lines(width: width) + [StyledLine()]
        lines += detail.constraints.map { StyledLine("constraint  \($0)") }
        lines += detail.kernel.problems.map { StyledLine("problem     \($0)") }
        lines += detail.defaults.sorted { $0.key < $1.key }.map {
            StyledLine("default     \($0.key): \($0.value)")
        }
        lines.append(StyledLine("caches      \(detail.cache)", .faint))
        return lines
    }

    static func targets(_ targets: [TargetSummary]) -> Table {
        var table = Table([.text("target"), .text("runs here"), .text("summary")])
        for target in targets {
            let answer: Table.Cell =
                if target.isNative {
                    Table.Cell("yes, cpu-native", .good)
                } else if target.runnable {
                    Table.Cell("yes", .good)
                } else {
                    Table.Cell("lacks \(target.missing.joined(separator: ", "))", .warning)
                }
            table.rows.append([
                Table.Cell(target.name, .strong), answer, Table.Cell(target.summary),
            ])
        }
        return table
    }

    static func strategies(_ strategies: [StrategySummary]) -> Table {
        var table = Table([.text("strategy"), .text("default"), .text("summary")])
        for strategy in strategies {
            table.rows.append([
                Table.Cell(strategy.name, .strong), Table.Cell(strategy.isDefault ? "yes" : ""),
                Table.Cell(strategy.summary),
            ])
            for option in strategy.options {
                table.rows.append([
                    Table.Cell("  :\(option.name)=", .faint),
                    Table.Cell(Quantities.significant(option.defaultValue), .faint),
                    Table.Cell(
                        "\(option.summary) (\(Quantities.significant(option.range.lowerBound))"
                            + "…\(Quantities.significant(option.range.upperBound)))", .faint),
                ])
            }
        }
        return table
    }

    static func status(_ status: Status, now: Double) -> [StyledLine] {
        let device = status.device
        let caches = device.caches.map {
            "L\($0.level)\($0.kind == "unified" ? "" : $0.kind.prefix(1)) "
                + Quantities.bytes($0.bytes)
        }
        let compiler: StyledLine =
            if let problem = status.compiler.problem {
                StyledLine("cannot tune: \(problem)", .bad)
            } else {
                StyledLine(
                    [status.compiler.path, status.compiler.build.map(firstLine)]
                        .compactMap { $0 }.joined(separator: ", "))
            }
        let rejected = status.rejectedKernels
        var rows = [
            (
                "tunerd",
                StyledLine(
                    "\(status.version), process \(status.process), up "
                        + Quantities.age(now - status.started))
            ),
            ("socket", StyledLine(status.socket)),
            ("state", StyledLine(status.stateDirectory)),
            (
                "device",
                StyledLine(
                    "\(device.brand), \(Wording.count(device.cores, "core"))"
                        + (device.hypervisor.map { ", hypervisor \($0)" } ?? ""))
            ),
            ("caches", StyledLine(caches.joined(separator: ", "))),
            ("cpu-native", StyledLine(status.nativeTarget ?? "no target runs here")),
            ("compiler", compiler),
            (
                "isolation",
                StyledLine(
                    "\(status.isolation)", status.isolation.isWhole ? .plain : .warning)
            ),
            (
                "kernels",
                StyledLine(
                    "\(status.kernels)" + (rejected > 0 ? ", \(rejected) cannot be used" : ""),
                    rejected > 0 ? .warning : .plain)
            ),
            ("records", StyledLine("\(status.records)")),
            ("running", StyledLine(status.running ?? "nothing")),
        ]
        if !status.queued.isEmpty {
            rows.append(("queued", StyledLine(status.queued.joined(separator: ", "))))
        }
        if let other = status.measuringElsewhere {
            rows.append(("waits for", StyledLine(other, .warning)))
        }
        return properties(rows)
    }

    /// A build says more on further lines.
    private static func firstLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    }

    /// Names in a column, what belongs to them beside it.
    private static func properties(_ rows: [(name: String, value: StyledLine)]) -> [StyledLine] {
        let width = rows.reduce(0) { max($0, $1.name.count) }
        return rows.map { row in
            let padding = String(repeating: " ", count: width - row.name.count + 2)
            var line = StyledLine(row.name + padding, .faint)
            line.append(row.value)
            return line
        }
    }
}

extension Work {
    /// As the record keeps it.
    init(_ record: TuningRecord) {
        self.init(figure: record.figure, flops: record.flops, bytes: record.bytes)
    }
}
