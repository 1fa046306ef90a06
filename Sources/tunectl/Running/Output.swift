import TunerAPI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Standard output and errors, unbuffered: what was said is read at once, even through a pipe.
enum Output {
    static func line(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    static func raw(_ text: String) { write(text, to: STDOUT_FILENO) }

    static func complain(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    static func lines(_ lines: [StyledLine]) {
        let colors = Terminal.hasColors
        raw(lines.map { $0.rendered(colors: colors) + "\n" }.joined())
    }

    /// A line on the errors, coloured if that is a terminal.
    static func note(_ line: StyledLine) { complain(line.text) }

    /// Shown on the errors in place of the last one, if they are a terminal; "" takes it away.
    static func progress(_ text: String) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        write("\r\u{1B}[K" + text, to: STDERR_FILENO)
    }

    /// One JSON object on one line.
    static func json(_ value: some Encodable) throws {
        line(String(decoding: try WireFormat.encode(value), as: UTF8.self))
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                guard let start = UnsafeBufferPointer(rebasing: rest).baseAddress else { return }
                let count = systemWrite(descriptor, start, rest.count)
                if count < 0, errno == EINTR { continue }
                // A reader that left, or a full disk: there is nobody to tell.
                if count <= 0 { return }
                rest = rest.dropFirst(count)
            }
        }
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}

/// The window that standard output is shown in, if it is.
enum Terminal {
    /// Whether lines can be drawn anew in place.
    static var isInteractive: Bool {
        guard isatty(STDOUT_FILENO) == 1 else { return false }
        let kind = variable("TERM")
        return kind != nil && kind != "dumb"
    }

    /// https://no-color.org
    static var hasColors: Bool { isInteractive && variable("NO_COLOR") == nil }

    /// Nil when the output is no terminal.
    static var window: LiveLines.Window? {
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return LiveLines.Window(width: 80, height: 24)
        }
        return LiveLines.Window(width: Int(size.ws_col), height: max(Int(size.ws_row), 2))
    }

    /// Nil also for an empty value.
    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
