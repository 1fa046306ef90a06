import Foundation
import Tuner

/// The comparison of strategies as a picture (SVG): excess over the optimum by trials, both logarithmic, over all spaces and
/// for each of them.
struct SearchPlot {
    private static let panelWidth = 420.0
    private static let panelHeight = 300.0
    private static let columns = 2

    let panels: [CurvePanel]

    init(benchmark: SearchBenchmark, peers: SearchPeers?, optima: [(name: String, optimum: Double)])
    {
        let last = benchmark.budgets.max() ?? 1
        // As dense as the eye can tell apart, from where the first few trials' luck is over.
        let budgets = (5...max(5, last)).filter { $0 < 60 || $0 % 5 == 0 || $0 == last }
            .filter { $0 <= last }
        // Those that ran on all spaces: the others would crowd the pictures of the few they ran on.
        let names = Set((peers?.statistics(spaces: optima, budgets: budgets) ?? []).map(\.strategy))
        func panel(_ title: String, spaces: [Int]) -> CurvePanel {
            func curve(_ name: String, _ statistics: [SearchStatistics], isPeer: Bool) -> Curve {
                let points = zip(budgets, statistics).map { budget, statistics in
                    (x: Double(budget), y: statistics.geometricMean - 1)
                }
                return Curve(name: name, points: points, isFaint: isPeer)
            }
            let known = peers?.statistics(spaces: spaces.map { optima[$0] }, budgets: budgets) ?? []
            let ours = benchmark.strategies.enumerated().map { row, name in
                let runs = spaces.map { benchmark.runs[row][$0] }
                return curve(
                    name,
                    budgets.map { budget in
                        SearchStatistics(ratios: runs.map { $0.map { $0.ratios[budget - 1] } })
                    }, isPeer: false)
            }
            return CurvePanel(
                title: title,
                curves: known.filter { names.contains($0.strategy) }
                    .map { curve($0.strategy, $0.statistics, isPeer: true) } + ours)
        }
        let all = Array(benchmark.names.indices)
        panels =
            [panel("all \(all.count) spaces", spaces: all)]
            + (all.count > 1 ? all.map { panel(benchmark.names[$0], spaces: [$0]) } : [])
    }

    var svg: String {
        let rows = (panels.count + Self.columns - 1) / Self.columns
        let width = Self.panelWidth * Double(min(Self.columns, panels.count))
        let height = Self.panelHeight * Double(rows)
        var lines = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" \
            font-family="sans-serif" font-size="10">
            """,
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
        ]
        for (number, panel) in panels.enumerated() {
            let x = Double(number % Self.columns) * Self.panelWidth
            let y = Double(number / Self.columns) * Self.panelHeight
            lines.append("<g transform=\"translate(\(x) \(y))\">")
            lines += panel.svg(width: Self.panelWidth, height: Self.panelHeight)
            lines.append("</g>")
        }
        return (lines + ["</svg>", ""]).joined(separator: "\n")
    }
}

/// A line with its name.
struct Curve {
    var name: String
    /// Both above 0 where they can be drawn.
    var points: [(x: Double, y: Double)]
    var isFaint: Bool
}

/// Curves over one pair of logarithmic axes: trials, and excess over the optimum.
struct CurvePanel {
    let title: String
    let curves: [Curve]

    /// Colours that people with any colour vision tell apart (Okabe and Ito 2008).
    private static let colours = ["#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
    /// Below this the optimum is found.
    private static let floor = 1e-3

    func svg(width: Double, height: Double) -> [String] {
        let all = curves.flatMap(\.points)
        let first = all.map(\.x).min() ?? 1
        let last = max(all.map(\.x).max() ?? 1, first * 2)
        let top = max(all.map(\.y).max() ?? 1, 0.02)
        let bottom = max(min(all.map(\.y).min() ?? Self.floor, top / 10), Self.floor)
        let frame = (left: 46.0, right: width - 120, top: 26.0, bottom: height - 34)
        func x(_ value: Double) -> Double {
            frame.left + log(value / first) / log(last / first) * (frame.right - frame.left)
        }
        func y(_ value: Double) -> Double {
            frame.bottom - log(max(value, bottom) / bottom) / log(top / bottom)
                * (frame.bottom - frame.top)
        }
        var lines = [
            "<text x=\"\(frame.left)\" y=\"16\" font-weight=\"bold\">\(Self.escaped(title))</text>"
        ]
        for tick in [5.0, 10, 25, 50, 100, 200, 400, 800, 1_600] where x(tick) <= frame.right + 1 {
            guard tick >= first else { continue }
            lines.append(Self.line(x(tick), frame.top, x(tick), frame.bottom, "#ddd"))
            lines.append(Self.text("\(Int(tick))", x(tick), frame.bottom + 13, anchor: "middle"))
        }
        for tick in [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]
        where (bottom...top).contains(tick) {
            lines.append(Self.line(frame.left, y(tick), frame.right, y(tick), "#ddd"))
            let percent = String(format: "%g %%", tick * 100)
            lines.append(Self.text(percent, frame.left - 4, y(tick) + 3, anchor: "end"))
        }
        lines.append(
            Self.text("trials", (frame.left + frame.right) / 2, height - 8, anchor: "middle"))
        var labels: [(y: Double, text: String, colour: String)] = []
        var drawn = 0
        for curve in curves {
            let colour = curve.isFaint ? "#999" : Self.colours[drawn % Self.colours.count]
            drawn += curve.isFaint ? 0 : 1
            let points = curve.points.map { String(format: "%.1f,%.1f", x($0.x), y($0.y)) }
            lines.append(
                """
                <polyline points="\(points.joined(separator: " "))" fill="none" stroke="\(colour)" \
                stroke-width="\(curve.isFaint ? 0.8 : 1.8)"/>
                """)
            labels.append((y(curve.points.last?.y ?? bottom), curve.name, colour))
        }
        var lowest = frame.top - 11
        for label in labels.sorted(by: { $0.y < $1.y }) {
            lowest = max(label.y, lowest + 11)
            lines.append(
                Self.text(label.text, frame.right + 4, lowest + 3, anchor: "start", label.colour))
        }
        return lines
    }

    private static func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ colour: String
    ) -> String {
        String(
            format: "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%@\"/>", x1, y1,
            x2, y2, colour)
    }

    private static func text(
        _ text: String, _ x: Double, _ y: Double, anchor: String, _ colour: String = "#333"
    ) -> String {
        let place = String(format: "x=\"%.1f\" y=\"%.1f\"", x, y)
        return "<text \(place) text-anchor=\"\(anchor)\" fill=\"\(colour)\">\(escaped(text))</text>"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
