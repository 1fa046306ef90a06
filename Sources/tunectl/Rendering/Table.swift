/// Rows with aligned columns.
struct Table {
    /// A column's heading and side.
    struct Column {
        var title: String
        var isNumber: Bool

        /// Text, aligned left.
        static func text(_ title: String) -> Column { Column(title: title, isNumber: false) }
        /// Figures, aligned right.
        static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
    }
    /// A cell's text and meaning.
    struct Cell: ExpressibleByStringInterpolation {
        var text: String
        var style: StyledLine.Style

        init(_ text: String, _ style: StyledLine.Style = .plain) {
            self.text = text
            self.style = style
        }
        init(stringLiteral value: String) { self.init(value) }
    }
    var columns: [Column]
    var rows: [[Cell]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// Blanks between columns.
    private static let gap = 2

    /// The heading, then a line a row. Where the last column does not fit into `width`, its cells come on lines of their own.
    func lines(width: Int?) -> [StyledLine] {
        let widths = columns.indices.map { column in
            rows.reduce(columns[column].title.count) { max($0, $1[column].text.count) }
        }
        let total = widths.reduce(0, +) + Self.gap * max(columns.count - 1, 0)
        let folds = columns.count > 2 && width.map { total > $0 } ?? false
        let kept = folds ? columns.count - 1 : columns.count
        let heading = columns.map { Cell($0.title, .faint) }
        var lines = [line(heading, widths, kept)]
        for row in rows {
            lines.append(line(row, widths, kept))
            if folds, let last = row.last, !last.text.isEmpty {
                lines += Self.wrapped(last.text, width: (width ?? 80) - 4).map {
                    StyledLine("    " + $0, last.style == .plain ? .faint : last.style)
                }
            }
        }
        return lines
    }

    private func line(_ cells: [Cell], _ widths: [Int], _ kept: Int) -> StyledLine {
        var line = StyledLine()
        // Written before the next cell that has text: no blanks at the end of a line.
        var blanks = 0
        for (column, cell) in cells.prefix(kept).enumerated() {
            let padding = widths[column] - cell.text.count
            if columns[column].isNumber { blanks += padding }
            if !cell.text.isEmpty {
                line.append(String(repeating: " ", count: blanks))
                line.append(cell.text, cell.style)
                blanks = 0
            }
            if !columns[column].isNumber { blanks += padding }
            blanks += Self.gap
        }
        return line
    }

    /// Broken after commas and blanks where that is possible.
    static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var rest = text[...]
        while rest.count > max(width, 1) {
            let head = rest.prefix(max(width, 1))
            let end =
                head.lastIndex { $0 == "," || $0 == " " }.map { rest.index(after: $0) }
                ?? head.endIndex
            lines.append(String(rest[..<end]))
            rest = rest[end...]
        }
        return rest.isEmpty && !lines.isEmpty ? lines : lines + [String(rest)]
    }
}
