import KernelSpace

/// Numbers as people read them.
enum Quantities {
    /// With that many decimal places, rounded half away from zero.
    static func fixed(_ value: Double, _ places: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
        var scale = 1
        for _ in 0..<places { scale *= 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled != 0 ? "-" : ""
        guard places > 0 else { return "\(sign)\(scaled)" }
        let fraction = String(scaled % scale)
        let zeros = String(repeating: "0", count: places - fraction.count)
        return "\(sign)\(scaled / scale).\(zeros)\(fraction)"
    }

    /// Three significant digits: `0.123`, `1.23`, `12.3`, `123`, `1234`.
    static func significant(_ value: Double) -> String {
        switch abs(value) {
        case ..<0.9995: fixed(value, 3)
        case ..<9.995: fixed(value, 2)
        case ..<99.95: fixed(value, 1)
        default: fixed(value, 0)
        }
    }

    /// How long a call takes: `1.31 ms`.
    static func callTime(_ seconds: Double) -> String {
        switch seconds {
        case ..<0.9995e-6: "\(significant(seconds * 1e9)) ns"
        case ..<0.9995e-3: "\(significant(seconds * 1e6)) µs"
        case ..<0.9995: "\(significant(seconds * 1e3)) ms"
        default: "\(significant(seconds)) s"
        }
    }

    /// How long people wait: `48.2 s`, `3:05 min`, `2:03:05 h`.
    static func waitingTime(_ seconds: Double) -> String {
        if seconds < 99.95 { return "\(fixed(max(seconds, 0), 1)) s" }
        return clock(seconds) + (seconds < 3599.5 ? " min" : " h")
    }

    /// `0:23`, `3:05`, `2:03:05`.
    static func clock(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "?" }
        let whole = Int(max(seconds, 0).rounded())
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let minutes = whole / 60 % 60
        return whole < 3600
            ? "\(minutes):\(two(whole % 60))"
            : "\(whole / 3600):\(two(minutes)):\(two(whole % 60))"
    }

    /// `1.81×`
    static func factor(_ value: Double) -> String { fixed(value, 2) + "×" }

    /// `64 %`
    static func percentage(_ share: Double) -> String { fixed(share * 100, 0) + " %" }

    /// How long ago: `12 s`, `5 min`, `3 h`, `12 d`.
    static func age(_ seconds: Double) -> String {
        switch max(seconds, 0) {
        case ..<60: "\(Int(max(seconds, 0))) s"
        case ..<3600: "\(Int(seconds / 60)) min"
        case ..<86400: "\(Int(seconds / 3600)) h"
        default: "\(Int(min(seconds / 86400, 1e9))) d"
        }
    }

    /// `12.3 KiB`
    static func bytes(_ count: Int) -> String {
        let units: [(name: String, size: Int)] = [
            ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1024),
        ]
        for unit in units where count >= unit.size {
            return count % unit.size == 0
                ? "\(count / unit.size) \(unit.name)"
                : "\(fixed(Double(count) / Double(unit.size), 1)) \(unit.name)"
        }
        return "\(count) B"
    }
}

/// What turns a call's time into the speed that is shown.
struct Work: Equatable {
    var figure: Kernel.Work.Figure
    /// Of one call.
    var flops: Double
    var bytes: Double

    /// `101 GFLOP/s` or `33.1 GB/s`; the time alone for a kernel without work.
    func speed(_ seconds: Double) -> String {
        let amount = figure == .flops ? flops : bytes
        guard amount > 0, seconds > 0 else { return Quantities.callTime(seconds) }
        let unit = figure == .flops ? "GFLOP/s" : "GB/s"
        return "\(Quantities.significant(amount / seconds * 1e-9)) \(unit)"
    }
}
