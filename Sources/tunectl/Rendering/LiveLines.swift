import Tuner

/// A session on a terminal: one line an entry, from what is known to text. Entries take turns; the one under work is emphasised and
/// says what it does.
struct LiveLines {
    /// Columns and rows of the window.
    struct Window: Equatable {
        var width: Int
        var height: Int
    }
    let progress: SessionProgress
    /// Seconds since 1970.
    let now: Double
    let window: Window
    /// What to say below the lines, such as that a cancellation was asked for.
    var notice: String?

    private static let limitShown = 10_000

    /// At most `window.height - 1` lines of at most `window.width - 1` columns, so that nothing scrolls or wraps.
    var lines: [StyledLine] {
        let room = max(window.height - 3, 1)
        let shown = visibleEntries(room)
        let columns = progress.entries.indices.map(columns)
        let layout = Layout(
            available: window.width - 1, name: progress.entries.map { name($0).count }.max() ?? 0,
            columns: columns.max { Layout.total($0) < Layout.total($1) } ?? [])
        var lines = shown.map { line($0, columns[$0], layout) }
        if shown.count < progress.entries.count {
            lines.append(StyledLine("… \(progress.entries.count - shown.count) more", .faint))
        }
        lines.append(status)
        return lines.map { $0.truncated(to: window.width - 1) }
    }

    /// All entries, or those round the one that runs.
    private func visibleEntries(_ room: Int) -> Range<Int> {
        let count = progress.entries.count
        guard count > room else { return 0..<count }
        let done = progress.entries.lastIndex { $0.result != nil } ?? 0
        let first = max(0, min((progress.current ?? done) - room / 2, count - room))
        return first..<first + room
    }

    private func name(_ entry: SessionProgress.Entry) -> String {
        entry.problem.isEmpty ? entry.name : "\(entry.name) \(entry.problem)"
    }

    // MARK: - One entry

    /// What every line has room for.
    private struct Layout {
        private static let nameLimit = 44
        /// What is left of a name before the columns that matter most, trials and speed, are given up.
        private static let nameMinimum = 12
        private static let columnsBeforeName = 2
        private static let barWidths = 8...24
        private static let gap = 2

        let name: Int
        /// 0 for none.
        let bar: Int
        /// How many columns there are, of the most important ones.
        let columns: Int

        /// A narrow window costs the bar, then columns from the back, then the end of the name, then the other columns.
        init(available: Int, name: Int, columns: [StyledLine]) {
            let whole = min(name, Self.nameLimit)
            var kept = columns[...]
            while !kept.isEmpty {
                let label =
                    kept.count > Self.columnsBeforeName ? whole : min(whole, Self.nameMinimum)
                if label + Self.total(kept) <= available { break }
                kept.removeLast()
            }
            self.columns = kept.count
            self.name = min(max(available - Self.total(kept), 1), whole)
            let room = available - self.name - Self.total(kept) - Self.gap
            bar = room < Self.barWidths.lowerBound ? 0 : min(room, Self.barWidths.upperBound)
        }

        /// Width of columns with the gaps before them.
        static func total(_ columns: some Sequence<StyledLine>) -> Int {
            columns.reduce(0) { $0 + gap + $1.width }
        }
    }

    private func line(_ index: Int, _ columns: [StyledLine], _ layout: Layout) -> StyledLine {
        let entry = progress.entries[index]
        let style: StyledLine.Style =
            index == progress.current ? .strong : entry.isStarted ? .plain : .faint
        let label = StyledLine(name(entry), style).truncated(to: layout.name)
        var line = label
        line.append(String(repeating: " ", count: max(layout.name - label.width, 0)))
        if layout.bar > 0 {
            line.append("  ")
            line.append(bar(index, entry, width: layout.bar))
        }
        for column in columns.prefix(layout.columns) {
            line.append("  ")
            line.append(column)
        }
        return line
    }

    private func bar(_ index: Int, _ entry: SessionProgress.Entry, width: Int) -> StyledLine {
        let filled = Int((progress.fraction(index, at: now) * Double(width)).rounded(.down))
        var bar = StyledLine()
        bar.append(String(repeating: "━", count: filled), entry.result == nil ? .running : .good)
        bar.append(String(repeating: "─", count: width - filled), .faint)
        return bar
    }

    /// Most important first.
    private func columns(_ index: Int) -> [StyledLine] {
        let entry = progress.entries[index]
        guard entry.isStarted else {
            return [StyledLine(padded("waiting", left: 8), .faint)]
                + [12, 6, 10, 9].map { StyledLine(padded("", left: $0)) }
        }
        // Of a space that time alone limits, only a small one will be seen to its end.
        let limit =
            progress.trialLimit(index).flatMap { $0 < Self.limitShown ? "/\($0)" : nil } ?? ""
        let isFaster = (entry.speedup ?? 0) >= 1.005
        let failures = entry.failureCount
        return [
            StyledLine(padded("\(entry.trials)\(limit)", left: 8)),
            StyledLine(padded(entry.seconds.map(entry.speed) ?? "–", left: 12), .strong),
            StyledLine(
                padded(entry.speedup.map(Quantities.factor) ?? "", left: 6),
                isFaster ? .good : .plain),
            ending(index, entry),
            StyledLine(
                padded(failures > 0 ? "\(failures) failed" : "", left: 9),
                entry.best == nil && entry.trials > 0 ? .bad : .warning),
        ]
    }

    private func ending(_ index: Int, _ entry: SessionProgress.Entry) -> StyledLine {
        if let result = entry.result {
            let word = Wording.decision(result.decision)
            return StyledLine(padded(word, left: 10), Wording.style(result.decision))
        }
        if progress.state.isOver { return StyledLine(padded("ended", left: 10), .faint) }
        let phase = index == progress.current ? entry.phase?.rawValue : nil
        return StyledLine(padded(phase ?? "", left: 10), .running)
    }

    private func padded(_ text: String, left width: Int) -> String {
        String(repeating: " ", count: max(width - text.count, 0)) + text
    }

    // MARK: - Below the entries

    private var status: StyledLine {
        var line = StyledLine()
        let elapsed = Quantities.clock(progress.elapsed(at: now))
        switch progress.state {
        case .queued: line.append("waiting for the sessions before it", .faint)
        case .running:
            let left = progress.timeLeft(at: now).map { ", \(Quantities.clock($0)) left" }
            line.append("\(elapsed) \(activity)\(left ?? "")", .faint)
        case .finished: line.append("\(elapsed) finished", .faint)
        case .cancelled: line.append("\(elapsed) cancelled", .warning)
        case .failed: line.append("\(elapsed) failed", .bad)
        }
        if let notice, !progress.state.isOver {
            line.append(" · ", .faint)
            line.append(notice, .warning)
        }
        return line
    }

    private var activity: String {
        progress.current.flatMap { progress.entries[$0].phase }.map(Wording.phase) ?? "running"
    }
}
