import KernelSpace
import Tuner

/// What `tunectl doctor` found.
struct DoctorReport: Encodable {
    /// A processor with what matters here.
    struct Machine: Encodable {
        var brand: String
        var cores: Int
        var measuringCore: Int
        var hypervisor: String?
    }
    var machine: Machine
    var findings: [Finding] = []
    var noise: [NoiseFloor] = []
    var conditions: EnvironmentCertificate?
    /// Whether tuning would be misleading or impossible here.
    var isMisleading = false

    init(_ probe: DeviceProbe) {
        machine = Machine(
            brand: probe.device.brand, cores: probe.device.cores,
            measuringCore: probe.measuringCore, hypervisor: probe.device.hypervisor)
    }

    /// Takes findings in, and judges.
    mutating func add(_ more: [Finding]) {
        findings += more
        isMisleading = findings.contains { $0.grade == .bad }
    }

    // MARK: - Lines

    /// Findings, what to change, and the verdict. `width` nil: as wide as it gets.
    func lines(width: Int?) -> [StyledLine] {
        var table = Table([.text("subject"), .text("verdict"), .text("found")])
        for finding in findings {
            table.rows.append([
                Table.Cell(finding.subject, .strong), Self.verdict(finding.grade),
                Table.Cell(finding.text),
            ])
        }
        return table.lines(width: width) + remedies(width: width) + [StyledLine(), verdict]
    }

    private static func verdict(_ grade: Finding.Grade) -> Table.Cell {
        switch grade {
        case .good: Table.Cell("good", .good)
        case .warning: Table.Cell("warning", .warning)
        case .bad: Table.Cell("bad", .bad)
        case .unknown: Table.Cell("unknown", .faint)
        }
    }

    /// What is bad comes first.
    private func remedies(width: Int?) -> [StyledLine] {
        let curable = findings.filter { $0.remedy != nil }
        let ordered = curable.filter { $0.grade == .bad } + curable.filter { $0.grade != .bad }
        guard !ordered.isEmpty else { return [] }
        let column = ordered.reduce(0) { max($0, $1.subject.count) } + 2
        var lines = [StyledLine(), StyledLine("to change", .faint)]
        for finding in ordered {
            guard let remedy = finding.remedy else { continue }
            let room = max((width ?? 100) - column, 20)
            for (index, text) in Table.wrapped(remedy.advice, width: room).enumerated() {
                let name = index == 0 ? finding.subject : ""
                var line = StyledLine(
                    name + String(repeating: " ", count: column - name.count), .strong)
                line.append(text)
                lines.append(line)
            }
            if let command = remedy.command {
                var line = StyledLine(String(repeating: " ", count: column))
                // Never broken: it is there to be copied.
                line.append("$ \(command)", .running)
                lines.append(line)
            }
        }
        return lines
    }

    /// The last line; it states the bound.
    var verdict: StyledLine {
        let bound = Quantities.percentage(NoiseFloor.misleadingBound)
        let bad = findings.filter { $0.grade == .bad }.map(\.subject).joined(separator: ", ")
        if isMisleading {
            return StyledLine(
                "tuning would be impossible or misleading here: \(bad) "
                    + "(noise must stay below ±\(bound))", .bad)
        }
        guard let worst = noise.map(\.worst).max() else {
            return StyledLine("the noise was not measured", .warning)
        }
        let least = Quantities.percentage(NoiseFloor.goodBound)
        if worst <= NoiseFloor.goodBound {
            return StyledLine(
                "good for tuning: noise stays below the least effect, \(least)", .good)
        }
        return StyledLine(
            "fit for tuning: noise ±\(Quantities.fixed(worst * 100, 1)) %, less than the bound of "
                + "±\(bound), but more than the least effect of \(least)", .warning)
    }
}
