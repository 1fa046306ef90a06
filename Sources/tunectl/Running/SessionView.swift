import Tuner
import TunerAPI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Shows a session while it runs: drawn in place on a terminal, line by line elsewhere, or as JSON.
actor SessionView {
    enum Style: Sendable {
        case live, plain, json

        /// What fits the standard output.
        static func fitting(json: Bool) -> Style {
            if json { return .json }
            return Terminal.isInteractive ? .live : .plain
        }
    }
    private static let frame = Duration.milliseconds(100)

    private(set) var progress: SessionProgress
    private let style: Style
    private var region = LiveRegion()
    /// Said until the next event.
    private var notice: String?
    /// Said from now on.
    private var lastingNotice: String?
    private var isClosed = false

    init(_ session: Session, style: Style) {
        progress = SessionProgress(session)
        self.style = style
    }

    func open() {
        guard style != .json else { return }
        Output.lines([fitted(SessionReport(progress: progress).heading)])
        redraw()
    }

    func receive(_ notice: TunerClient.Notice) throws {
        switch notice {
        case .interrupted(let error):
            say("\(error.message); trying again")
        case .event(let event):
            if style == .json {
                _ = progress.apply(event)
                try Output.json(event)
                return
            }
            self.notice = nil
            guard let milestone = progress.apply(event), style == .plain,
                let line = SessionReport(progress: progress).line(milestone)
            else { return }
            Output.lines([line])
        }
    }

    /// Something that is not an event.
    func say(_ text: String, untilTheEnd: Bool = false) {
        if untilTheEnd { lastingNotice = text } else { notice = text }
        switch style {
        case .live: redraw()
        case .plain, .json: Output.complain("tunectl: \(text)")
        }
    }

    /// Draws until cancelled; does nothing where nothing is drawn in place.
    func keepDrawing() async {
        guard style == .live else { return }
        while !Task.isCancelled, !isClosed {
            redraw()
            // Cancellation ends the loop above.
            try? await Task.sleep(for: Self.frame)
        }
    }

    /// Leaves the terminal as it was found.
    func close() {
        guard style == .live, !isClosed else { return }
        redraw()
        isClosed = true
        Output.raw(region.finish())
    }

    /// The table and what goes with it, once the drawing has ended.
    func summarize() {
        guard style != .json else { return }
        if style == .live { Output.line("") }
        Output.lines(SessionReport(progress: progress).summary(width: Terminal.window?.width))
    }

    private func redraw() {
        guard style == .live, !isClosed, let window = Terminal.window else { return }
        let lines = LiveLines(
            progress: progress, now: Date().timeIntervalSince1970, window: window,
            notice: notice ?? lastingNotice)
        Output.raw(region.redraw(lines.lines, colors: Terminal.hasColors))
    }

    private func fitted(_ line: StyledLine) -> StyledLine {
        Terminal.window.map { line.truncated(to: $0.width - 1) } ?? line
    }
}
