import CProcess
import Glibc

/// What a candidate must leave as it found it.
struct ProcessState {
    /// What a candidate may leave allocated before its worker is replaced: kernels allocate nothing, the worker itself a little.
    private static let allocationAllowance = 64 << 20
    /// A thread that has ended is in /proc for a moment longer.
    private static let attempts = 20
    private static let attemptMicroseconds: UInt32 = 1000

    private let threads: Int
    private let descriptors: Int
    private let addressSpace: Int

    init() {
        threads = Self.entries("/proc/self/task")
        descriptors = Self.entries("/proc/self/fd") - 1  // the one that lists them
        addressSpace = Self.addressSpaceInUse
    }

    /// What is different now, as a phrase, or nil.
    func difference() -> String? {
        var difference: String?
        for attempt in 0..<Self.attempts {
            if attempt > 0 { usleep(Self.attemptMicroseconds) }
            difference = firstDifference()
            if difference == nil { return nil }
        }
        return difference
    }

    private func firstDifference() -> String? {
        let now = ProcessState()
        if now.threads != threads {
            return "it left \(now.threads) threads where there were \(threads)"
        }
        if now.descriptors != descriptors {
            return "it left \(now.descriptors) open descriptors where there were \(descriptors)"
        }
        if now.addressSpace > addressSpace + Self.allocationAllowance {
            return "it left \((now.addressSpace - addressSpace) >> 20) MiB allocated"
        }
        return nil
    }

    private static func entries(_ path: String) -> Int {
        guard let directory = opendir(path) else { return -1 }
        defer { closedir(directory) }
        var count = 0
        while let entry = readdir(directory) {
            let first = UInt8(bitPattern: entry.pointee.d_name.0)
            if first != UInt8(ascii: ".") { count += 1 }
        }
        return count
    }

    static var addressSpaceInUse: Int {
        guard let file = fopen("/proc/self/statm", "re") else { return 0 }
        defer { fclose(file) }
        var pages = [UInt8](repeating: 0, count: 64)
        let count = fread(&pages, 1, pages.count, file)
        let digits = pages.prefix(count).prefix { $0 != UInt8(ascii: " ") }
        return (Int(String(decoding: digits, as: UTF8.self)) ?? 0) * Int(getpagesize())
    }
}

/// The limits of one candidate, on top of what the process uses already.
enum CandidateLimits {
    static func apply(addressSpaceSlack: Int, cpuSeconds: Double) {
        let space = ProcessState.addressSpaceInUse + addressSpaceSlack
        set(__rlimit_resource_t(RLIMIT_AS.rawValue), space)
        cworker_set_address_space_limit(Int64(space))
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let used = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        // Against a worker that outlives its watchdogs: wall time is what normally ends a candidate.
        set(__rlimit_resource_t(RLIMIT_CPU.rawValue), Int((used + cpuSeconds).rounded(.up)) + 2)
    }

    static func lift() {
        set(__rlimit_resource_t(RLIMIT_AS.rawValue), nil)
        set(__rlimit_resource_t(RLIMIT_CPU.rawValue), nil)
        cworker_set_address_space_limit(0)
    }

    /// Only the soft limit, so that it can be lifted. Nil: as high as the hard limit.
    private static func set(_ resource: __rlimit_resource_t, _ value: Int?) {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = min(value.map { rlim_t($0) } ?? limit.rlim_max, limit.rlim_max)
        setrlimit(resource, &limit)
    }
}
