import Testing

@testable import tunectl

/// As much of a terminal as the live region uses.
private struct TinyTerminal {
    var rows: [[Character]] = [[]]
    var row = 0
    var column = 0
    var cursorIsVisible = true

    mutating func feed(_ text: String) {
        var rest = Array(text.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\u{1B}":
                var sequence = String.UnicodeScalarView()
                while let next = rest.popFirst() {
                    sequence.append(next)
                    if next.properties.isAlphabetic { break }
                }
                obey(String(sequence))
            case "\r": column = 0
            case "\n":
                row += 1
                column = 0
                if row == rows.count { rows.append([]) }
            default: put(Character(scalar))
            }
        }
    }

    private mutating func put(_ character: Character) {
        while rows[row].count <= column { rows[row].append(" ") }
        rows[row][column] = character
        column += 1
    }

    private mutating func obey(_ sequence: String) {
        switch sequence {
        case "[K": rows[row].removeSubrange(min(column, rows[row].count)...)
        case "[J":
            rows[row].removeSubrange(min(column, rows[row].count)...)
            rows.removeSubrange((row + 1)...)
        case "[?25l": cursorIsVisible = false
        case "[?25h": cursorIsVisible = true
        case let up where up.hasSuffix("A"): row -= Int(up.dropFirst().dropLast()) ?? 0
        case let style where style.hasSuffix("m"): break
        default: Issue.record("unknown sequence \(sequence)")
        }
    }

    var text: [String] { rows.map { String($0) } }
}

struct LiveRegionTests {
    private func lines(_ texts: String...) -> [StyledLine] { texts.map { StyledLine($0, .good) } }

    @Test("only the last drawing is left, below what was there before")
    func redraw() {
        var terminal = TinyTerminal()
        var region = LiveRegion()
        terminal.feed("before\n")
        terminal.feed(region.redraw(lines("a long line", "b", "c"), colors: true))
        #expect(terminal.text == ["before", "a long line", "b", "c", ""])
        #expect(!terminal.cursorIsVisible)
        terminal.feed(region.redraw(lines("short", "bb"), colors: false))
        #expect(terminal.text == ["before", "short", "bb", ""])
        terminal.feed(region.redraw(lines("x", "y", "z"), above: lines("said"), colors: true))
        #expect(terminal.text == ["before", "said", "x", "y", "z", ""])
        terminal.feed(region.redraw(lines("1", "2", "3"), colors: true))
        terminal.feed(region.finish())
        terminal.feed("after\n")
        #expect(terminal.text == ["before", "said", "1", "2", "3", "after", ""])
        #expect(terminal.cursorIsVisible)
    }

    @Test("without colours a styled line is its text")
    func colors() {
        var line = StyledLine("a", .good)
        line.append("b")
        #expect(line.rendered(colors: false) == "ab")
        #expect(line.rendered(colors: true) == "\u{1B}[32ma\u{1B}[0mb")
    }

    @Test("a line is cut to a width with its styles kept")
    func truncation() {
        var line = StyledLine("abc", .good)
        line.append("def", .bad)
        #expect(line.truncated(to: 6) == line)
        #expect(line.truncated(to: 5).text == "abcd…")
        #expect(line.truncated(to: 5).spans[1] == .init(text: "d", style: .bad))
        #expect(line.truncated(to: 1).text == "…")
        #expect(line.truncated(to: 0).text == "")
    }
}
