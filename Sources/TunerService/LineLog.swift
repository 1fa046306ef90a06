import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One line per message on the error stream; with the time unless the journal adds its own, and with
/// the journal's own priorities if it listens.
package struct LineLog: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let toJournal: Bool

    /// `toJournal` is true when JOURNAL_STREAM is set.
    package init(level: Logger.Level, toJournal: Bool) {
        logLevel = level
        self.toJournal = toJournal
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        var line = Self.line(
            level: event.level, message: "\(event.message)", metadata: all,
            time: toJournal ? nil : Date())
        // One call, so that lines of several threads do not mix; a closed error stream is no reason to end.
        line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// `2026-11-23T16:58:00Z info: message key=value`, or with the journal's `<6>` in front.
    static func line(
        level: Logger.Level, message: String, metadata: Logger.Metadata, time: Date?
    ) -> String {
        let pairs = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        // A message of several lines would look like several messages.
        let text = (message + pairs).split(whereSeparator: \.isNewline).joined(separator: " | ")
        guard let time else { return "<\(level.journalPriority)>\(text)\n" }
        return "\(time.formatted(.iso8601)) \(level): \(text)\n"
    }
}

extension Logger.Level {
    /// syslog(3)'s number.
    fileprivate var journalPriority: Int {
        switch self {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug, .trace: 7
        }
    }
}
