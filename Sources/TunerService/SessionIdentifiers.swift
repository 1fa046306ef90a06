import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Makes names of sessions: `20261123T165800-ab12`, time in UTC and four random hexadecimal digits,
/// such that a later name is greater.
package final class SessionIdentifiers: Sendable {
    private struct Name {
        var second: Int
        var digits: UInt16
    }
    private let last: Mutex<Name>

    /// `last` is the greatest name there is already.
    package init(after last: String?) {
        self.last = Mutex(last.flatMap(Self.parse) ?? Name(second: 0, digits: 0))
    }

    /// A name greater than every earlier one, also after the clock was set back. `seconds` since 1970.
    package func next(at seconds: Double) -> String {
        last.withLock { last in
            if Int(seconds) > last.second {
                last = Name(second: Int(seconds), digits: .random(in: 0...0x7fff))
            } else {
                let (digits, isOverflow) = last.digits.addingReportingOverflow(
                    .random(in: 1...0xff))
                last = Name(second: last.second + (isOverflow ? 1 : 0), digits: digits)
            }
            return Self.text(last)
        }
    }

    private static let style = Date.ISO8601FormatStyle(
        dateSeparator: .omitted, timeSeparator: .omitted)

    private static func text(_ name: Name) -> String {
        let date = Date(timeIntervalSince1970: Double(name.second))
        let digits = String(name.digits, radix: 16)
        let zeros = String(repeating: "0", count: 4 - digits.count)
        // The style ends with Z.
        return date.formatted(style).dropLast() + "-" + zeros + digits
    }

    private static func parse(_ text: String) -> Name? {
        let parts = text.split(separator: "-")
        guard parts.count == 2, let digits = UInt16(parts[1], radix: 16),
            let date = try? style.parse(parts[0] + "Z")  // nil: a name of another make
        else { return nil }
        return Name(second: Int(date.timeIntervalSince1970), digits: digits)
    }
}
