/// Lines at the bottom of a terminal that are drawn again and again in place.
struct LiveRegion {
    /// Lines drawn last time.
    private(set) var height = 0

    static let hideCursor = "\u{1B}[?25l"
    static let showCursor = "\u{1B}[?25h"

    /// What to send so that `lines` replace what was drawn; `above` is printed over them and stays.
    mutating func redraw(_ lines: [StyledLine], above: [StyledLine] = [], colors: Bool) -> String {
        var text = height > 0 ? Self.hideCursor + "\u{1B}[\(height)A\r" : Self.hideCursor
        for line in above + lines {
            text += line.rendered(colors: colors) + "\u{1B}[K\n"
        }
        // Fewer lines than before, or a window made narrower: nothing old stays below.
        text += "\u{1B}[J"
        height = lines.count
        return text
    }

    /// What to send when there is no more to draw.
    mutating func finish() -> String {
        height = 0
        return Self.showCursor
    }
}
