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

/// Whether what tuning needs besides a core is there: compiler, memory, a place for the state.
package enum SurroundingFindings {
    /// A cold problem's copies take up to 1 GiB, a compiler call about half of that.
    static let comfortableMemory = 2 << 30
    /// Below this not even the problems of the built-in kernels fit.
    static let leastMemory = 512 << 20
    /// The object cache grows to 2 GiB, sessions to some MB each.
    static let comfortableDisk = 3 << 30
    static let leastDisk = 64 << 20

    /// Of the search for a compiler.
    package static func compiler(_ toolchain: Result<Toolchain, TunerError>) -> Finding {
        switch toolchain {
        case .success(let found):
            Finding("compiler", .good, "\(found.swiftc), \(found.summary)")
        case .failure(let error):
            Finding("compiler", .bad, error.message, advice: error.hint ?? "install Swift 6.3")
        }
    }

    /// Of the text of /proc/meminfo.
    package static func memory(_ text: String?) -> Finding {
        let key = "MemAvailable:"
        let line = (text ?? "").split(separator: "\n").first { $0.hasPrefix(key) }
        guard let line, let kibibytes = Int(line.dropFirst(key.count).filter(\.isNumber)),
            kibibytes < 1 << 50
        else { return Finding("memory", .unknown, "not told") }
        return amount(
            "memory", kibibytes << 10, of: "available", comfortable: comfortableMemory,
            least: leastMemory, advice: "end what takes it, or give the machine more")
    }

    /// Of the daemon's state directory, or the nearest one above it that exists: `writable` and `free` are that one's.
    package static func state(_ path: String?, nearest: String, isWritable: Bool, free: Int?)
        -> Finding
    {
        guard let path else {
            return Finding(
                "state", .bad, "no place for it: HOME is not set",
                advice: "name a folder with --state-dir")
        }
        guard isWritable else {
            return Finding(
                "state", .warning,
                "\(nearest) is not writable for you: only a daemon of another "
                    + "user can keep \(path)",
                advice: "name a folder of your own with --state-dir, or make it yours",
                command: "sudo install -d -o $USER \(path)")
        }
        guard let free else { return Finding("state", .unknown, "\(path); free space not told") }
        return amount(
            "state", free, of: "free for \(path)", comfortable: comfortableDisk, least: leastDisk,
            advice: "free some, or name another folder with --state-dir")
    }

    private static func amount(
        _ subject: String, _ bytes: Int, of what: String, comfortable: Int, least: Int,
        advice: String
    ) -> Finding {
        let gibibytes = Double(bytes) / Double(1 << 30)
        let tenths = Int((gibibytes * 10).rounded())
        let text = "\(tenths / 10).\(tenths % 10) GiB \(what)"
        if bytes >= comfortable { return Finding(subject, .good, text) }
        return Finding(
            subject, bytes < least ? .bad : .warning, text, advice: advice)
    }

    // MARK: - Reading

    /// The finding about memory of this host.
    package static func memory() -> Finding { memory(DeviceProbe.text(of: "/proc/meminfo")) }

    /// The finding about `path` on this host.
    package static func state(_ path: String?) -> Finding {
        var nearest = path ?? "/"
        while nearest != "/", access(nearest, F_OK) != 0 {
            nearest = URL(filePath: nearest).deletingLastPathComponent().path
        }
        var space = statvfs()
        let isKnown = statvfs(nearest, &space) == 0
        let free = UInt64(space.f_bavail).multipliedReportingOverflow(by: UInt64(space.f_frsize))
        return state(
            path, nearest: nearest, isWritable: access(nearest, W_OK) == 0,
            free: isKnown && !free.overflow ? Int(clamping: free.partialValue) : nil)
    }
}
