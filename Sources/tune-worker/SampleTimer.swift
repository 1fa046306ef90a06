import Glibc

/// How well the clock of samples tells time here, measured once a worker.
struct SampleTimer {
    /// Readings it is measured by: some 50 µs where a reading does not enter the kernel.
    private static let readings = 2000
    /// A clock so coarse that this passes before is judged by the few steps it made.
    private static let patience = 0.02
    /// With a clock that would need longer samples times are less exact, but they end.
    private static let longestSample = 0.1

    /// What a sample's two readings may be off by, in seconds: the clock's grain or what a reading costs, whichever is more.
    let uncertainty: Double

    init() {
        var steps: [Double] = []
        var last = Self.now
        let end = last + Self.patience
        while steps.count < Self.readings, last < end || steps.isEmpty {
            let now = Self.now
            // A coarse clock stands still for many readings; only its steps say how coarse it is.
            if now > last { steps.append(now - last) }
            last = now
        }
        steps.sort()
        uncertainty = steps[steps.count / 2]
    }

    /// Least duration of a sample in which the timer is off by no more than this share; 0.1 s at most.
    func sampleSeconds(error: Double) -> Double { min(uncertainty / error, Self.longestSample) }

    /// The clock of cworker_sample.
    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC_RAW, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
