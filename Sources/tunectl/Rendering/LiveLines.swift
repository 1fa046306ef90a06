import Tuner

/// A session on a terminal: one line an entry, from what is known to text.
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

    private static let nameLimit = 44
    private static let barWidths = 8...24

    /// At most `window.height - 1` lines of at most `window.width - 1` columns, so that nothing scrolls or wraps.
    var lines: [StyledLine] {
        let room = max(window.height - 3, 1)
        let shown = visibleEntries(room)
        let nameWidth = progress.entries.reduce(0) { max($0, name($1).count) }
        var lines = shown.map { line($0, nameWidth: min(nameWidth, Self.nameLimit)) }
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
        let done = progress.entries.lastIndex { $0.ended != nil } ?? 0
        let first = max(0, min((progress.current ?? done) - room / 2, count - room))
        return first..<first + room
    }

    private func name(_ entry: SessionProgress.Entry) -> String {
        entry.problem.isEmpty ? entry.name : "\(entry.name) \(entry.problem)"
    }

    // MARK: - One entry

    private func line(_ index: Int, nameWidth: Int) -> StyledLine {
        let entry = progress.entries[index]
        let parts = columns(index, entry)
        // What is given up first when the window is narrow: the bar, then the columns from the back.
        let available = window.width - 1
        var kept = parts
        var labelWidth = nameWidth
        while !kept.isEmpty, labelWidth + 2 + total(kept) > available { kept.removeLast() }
        if kept.count < parts.count { labelWidth = max(available - 2 - total(kept), 1) }
        labelWidth = min(labelWidth, nameWidth)
        var line = StyledLine()
        let label = StyledLine(name(entry), entry.started == nil ? .faint : .plain)
            .truncated(to: labelWidth)
        line.append(label)
        line.append(String(repeating: " ", count: max(labelWidth - label.width, 0)))
        let barRoom = available - labelWidth - total(kept) - 4
        if barRoom >= Self.barWidths.lowerBound {
            line.append("  ")
            line.append(bar(index, entry, width: min(barRoom, Self.barWidths.upperBound)))
        }
        for part in kept {
            line.append("  ")
            line.append(part)
        }
        return line
    }

    private func total(_ parts: [StyledLine]) -> Int {
        parts.reduce(0) { $0 + 2 + $1.width } - (parts.isEmpty ? 0 : 2)
    }

    private func bar(_ index: Int, _ entry: SessionProgress.Entry, width: Int) -> StyledLine {
        let filled = Int((progress.fraction(index, at: now) * Double(width)).rounded(.down))
        var bar = StyledLine()
        bar.append(String(repeating: "━", count: filled), entry.ended == nil ? .running : .good)
        bar.append(String(repeating: "─", count: width - filled), .faint)
        return bar
    }

    /// Most important first.
    private func columns(_ index: Int, _ entry: SessionProgress.Entry) -> [StyledLine] {
        guard entry.started != nil else { return [StyledLine("waiting", .faint)] }
        var columns: [StyledLine] = []
        let limit = entry.trialLimit.map { "/\($0)" } ?? ""
        columns.append(StyledLine(padded("\(entry.trials)\(limit)", left: 9)))
        let speed = entry.seconds.map(entry.speed) ?? "–"
        columns.append(StyledLine(padded(speed, left: 13), .strong))
        let speedup = entry.speedup.map(Quantities.factor) ?? ""
        let isFaster = (entry.speedup ?? 0) >= 1.005
        columns.append(StyledLine(padded(speedup, left: 7), isFaster ? .good : .plain))
        let failures = entry.failureCount
        columns.append(
            StyledLine(
                padded(failures > 0 ? "\(failures) failed" : "", left: 10),
                entry.best == nil && entry.trials > 0 ? .bad : .warning))
        columns.append(ending(index, entry))
        return columns
    }

    private func ending(_ index: Int, _ entry: SessionProgress.Entry) -> StyledLine {
        if let result = entry.result {
            let word = Wording.decision(result.decision)
            return StyledLine(padded(word, left: 10), Wording.style(result.decision))
        }
        if progress.state.isOver { return StyledLine(padded("ended", left: 10), .faint) }
        if entry.phase == .comparing { return StyledLine(padded("comparing", left: 10), .running) }
        let left = progress.timeLeft(index, at: now).map { Quantities.clock($0) + " left" }
        return StyledLine(padded(left ?? "", left: 10), .faint)
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
        case .running: line.append("\(elapsed) \(activity)", .faint)
        case .finished: line.append("\(elapsed) finished", .faint)
        case .cancelled: line.append("\(elapsed) cancelled", .warning)
        case .failed: line.append("\(elapsed) failed", .bad)
        }
        if let notice {
            line.append(" · ", .faint)
            line.append(notice, .warning)
        }
        return line
    }

    private var activity: String {
        progress.current.flatMap { progress.entries[$0].phase }.map(Wording.phase) ?? "running"
    }
}
