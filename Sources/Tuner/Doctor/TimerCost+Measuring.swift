#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension TimerCost {
    private static let rounds = 100
    private static let readings = 100

    /// The least of many rounds: interruptions only add.
    package static func measured() -> TimerCost {
        var time = timespec()
        func now() -> Double {
            clock_gettime(CLOCK_MONOTONIC_RAW, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
        }
        var least = Double.infinity
        for _ in 0..<rounds {
            let start = now()
            for _ in 0..<readings { _ = now() }
            least = min(least, (now() - start) / Double(readings + 1))
        }
        return TimerCost(seconds: least)
    }
}
