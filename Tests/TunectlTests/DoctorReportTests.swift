import Testing
import TunerAPI

@testable import Tuner
@testable import tunectl

struct DoctorReportTests {
    private func report(_ findings: [Finding], noise: [Double] = []) throws -> DoctorReport {
        var report = DoctorReport(try DeviceProbe())
        report.noise = noise.compactMap { difference in
            NoiseFloor(
                kind: "compute", candidate: "sgemm",
                launches: [.init(first: [1, 1], second: [1 + difference, 1 + difference])],
                rounds: 2)
        }
        report.add(findings + report.noise.map(ConditionFindings.noise))
        return report
    }

    @Test("findings are aligned, remedies come below, what is bad first, and the bound is stated")
    func snapshot() throws {
        let report = try report(
            [
                Finding("compiler", .good, "/usr/bin/swiftc, Swift version 6.3.1"),
                Finding("governor", .unknown, "not told: the host sets the clock"),
                Finding(
                    "boost", .warning, "on", advice: "turn it off while tuning",
                    command: "echo 0 | sudo tee /boost"),
            ], noise: [0.08])
        #expect(
            report.lines(width: nil).map(\.text) == [
                "subject        verdict  found",
                "compiler       good     /usr/bin/swiftc, Swift version 6.3.1",
                "governor       unknown  not told: the host sets the clock",
                "boost          warning  on",
                "compute noise  bad      ±8.0 % in alternation; 0.0 % of samples late",
                "",
                "to change",
                "compute noise  do not tune here until it is quieter: differences below 8.0 % are luck",
                "boost          turn it off while tuning",
                "               $ echo 0 | sudo tee /boost",
                "",
                "tuning would be impossible or misleading here: compute noise (noise must stay below ±5 %)",
            ])
    }

    @Test("a command line is never broken, whatever the width")
    func narrow() throws {
        let command = "echo performance | sudo tee /sys/devices/system/cpu/cpufreq/governor"
        let lines = try report([
            Finding(
                "governor", .warning, "powersave: the clock follows the load",
                advice: "keep the clock at its top while tuning", command: command)
        ]).lines(width: 40).map(\.text)
        #expect(lines.contains { $0.hasSuffix("$ \(command)") })
        #expect(
            lines.filter { !$0.contains("$ ") && !$0.hasPrefix("the ") }.allSatisfy {
                $0.count <= 40
            })
    }

    @Test("status 1 is for what is bad, warnings and what is not told are not")
    func decision() throws {
        let warning = Finding("boost", .warning, "on", advice: "off")
        let unknown = Finding("governor", .unknown, "not told")
        #expect(try !report([warning, unknown], noise: [0.005]).isMisleading)
        #expect(try !report([], noise: [0.049, 0.02]).isMisleading)
        #expect(try report([], noise: [0.02, 0.051]).isMisleading)
        #expect(try report([Finding("compiler", .bad, "none")], noise: [0]).isMisleading)
        #expect(
            try report([], noise: [0.005]).verdict.text
                == "good for tuning: noise stays below the least effect, 1 %")
        #expect(
            try report([], noise: [0.03]).verdict.text
                == "fit for tuning: noise ±3.0 %, less than the bound of ±5 %, but more than the "
                + "least effect of 1 %")
        #expect(try report([]).verdict.text == "the noise was not measured")
    }
}
