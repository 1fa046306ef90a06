#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The processor time that every process of the host has taken up to one moment.
package struct ProcessTimes: Sendable {
    /// A line of /proc/PID/stat.
    struct Process: Hashable, Sendable {
        var number: Int
        var name: String
        var parent: Int
        var ticks: Int
        /// Where it ran last.
        var core: Int

        /// Nil for what is no such line.
        init?(stat: String) {
            // A name may hold blanks and parentheses: it ends at the last one.
            guard let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")"),
                open < close,
                let number = Int(stat[..<open].drop { $0 == " " }.prefix { $0 != " " })
            else { return nil }
            // state ppid … utime (11) stime (12) … processor (36)
            let fields = stat[stat.index(after: close)...].split(separator: " ")
            guard fields.count > 36, let parent = Int(fields[1]), let user = Int(fields[11]),
                let system = Int(fields[12]), let core = Int(fields[36])
            else { return nil }
            self.number = number
            name = String(stat[stat.index(after: open)..<close])
            self.parent = parent
            ticks = user &+ system
            self.core = core
        }
    }
    /// One that worked meanwhile.
    package struct Busy: Hashable, Codable, Sendable {
        package var process: Int
        package var name: String
        /// Cores it kept busy, on average.
        package var load: Double
        /// Where it ran last.
        package var core: Int
        /// Whether it is a thread of the kernel, which cannot be stopped.
        package var isKernel: Bool
    }

    /// kthreadd, the parent of the kernel's threads.
    private static let kernelParent = 2

    /// By number.
    let processes: [Int: Process]

    init(_ lines: [String]) {
        processes = Dictionary(
            lines.compactMap(Process.init(stat:)).map { ($0.number, $0) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Reads /proc; processes of others are there too, where the system shows them.
    package static func now() -> ProcessTimes {
        // Without /proc there are none to tell of.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return ProcessTimes(
            names.filter { $0.allSatisfy(\.isNumber) }
                .compactMap { DeviceProbe.text(of: "/proc/\($0)/stat") })
    }

    /// Ticks of processor time in a second.
    package static var ticksPerSecond: Double { Double(max(sysconf(Int32(_SC_CLK_TCK)), 1)) }

    /// Those that worked since `start`, `seconds` ago, at least `least` cores' worth, busiest first; without `own` and what it started.
    package func busy(
        since start: ProcessTimes, seconds: Double, ticksPerSecond: Double, own: Int, least: Double
    ) -> [Busy] {
        guard seconds > 0 else { return [] }
        return processes.values.filter { !isOf(own, $0) }.compactMap { process in
            let before = start.processes[process.number]
            // A number may have been given anew.
            let ticks = process.ticks - (before?.name == process.name ? before?.ticks ?? 0 : 0)
            let load = Double(ticks) / ticksPerSecond / seconds
            guard load >= least else { return nil }
            return Busy(
                process: process.number, name: process.name, load: load, core: process.core,
                isKernel: process.parent == Self.kernelParent)
        }
        .sorted { ($1.load, $0.process) < ($0.load, $1.process) }
    }

    private func isOf(_ ancestor: Int, _ process: Process) -> Bool {
        var current = process
        // Parents are older: a chain that is longer than there are processes is none.
        for _ in 0...processes.count {
            if current.number == ancestor { return true }
            guard let parent = processes[current.parent], parent.number != current.number else {
                return false
            }
            current = parent
        }
        return false
    }
}
