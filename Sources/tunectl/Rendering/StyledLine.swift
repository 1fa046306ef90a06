/// A line of text whose parts have a meaning that a terminal shows by colour.
struct StyledLine: Equatable {
    /// Meanings, not colours.
    enum Style: String {
        case plain = ""
        case strong = "1"
        case faint = "2"
        case good = "32"
        case warning = "33"
        case bad = "31"
        case running = "36"
    }
    struct Span: Equatable {
        var text: String
        var style: Style
    }
    private(set) var spans: [Span]

    init(_ spans: [Span] = []) { self.spans = spans }

    init(_ text: String, _ style: Style = .plain) { spans = [Span(text: text, style: style)] }

    mutating func append(_ text: String, _ style: Style = .plain) {
        spans.append(Span(text: text, style: style))
    }

    mutating func append(_ line: StyledLine) { spans += line.spans }

    /// Columns: every character that tunectl prints is one column wide.
    var width: Int { spans.reduce(0) { $0 + $1.text.count } }

    var text: String { spans.map(\.text).joined() }

    /// With ANSI escapes around styled parts if `colors`.
    func rendered(colors: Bool) -> String {
        guard colors else { return text }
        return spans.map { span in
            span.style == .plain ? span.text : "\u{1B}[\(span.style.rawValue)m\(span.text)\u{1B}[0m"
        }.joined()
    }

    /// At most `width` columns; what was cut off is marked by `…`.
    func truncated(to limit: Int) -> StyledLine {
        guard width > limit, limit > 0 else { return limit > 0 ? self : StyledLine() }
        var result = StyledLine()
        var room = limit - 1
        for span in spans where room > 0 {
            result.append(String(span.text.prefix(room)), span.style)
            room -= min(span.text.count, room)
        }
        result.append("…")
        return result
    }
}
