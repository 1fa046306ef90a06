import CProcess
import WorkerProtocol

/// Watches what happens to a candidate while it is timed, and has samples taken again during which too much did.
///
/// The bound, as many repeats as samples, is for machines that are never quiet: there a measurement takes twice as long at worst, and
/// says what it is worth.
struct SampleWatch {
    /// How the counters are read, before and after a sample.
    struct Counters {
        var before: () -> CWorkerUsage
        var after: () -> CWorkerUsage

        /// The kernel's: of the calling thread, or for a team of the whole process, whose other threads sleep.
        static func kernel(threads: Int) -> Counters {
            let wholeProcess: Int32 = threads > 1 ? 1 : 0
            return Counters(
                before: { cworker_usage_before(wholeProcess) },
                after: { cworker_usage_after(wholeProcess) })
        }
    }

    private let counters: Counters
    private let threads: Int
    /// Whether the threads may expect to have a core each.
    private let hasCores: Bool
    private var kept = 0
    private(set) var repeated = 0
    /// Of the samples kept.
    private(set) var tainted = 0
    /// Of all samples taken.
    private(set) var disturbance: Disturbance

    init(threads: Int, cores: Int, counters: Counters) {
        self.counters = counters
        self.threads = threads
        hasCores = threads <= cores
        disturbance = Disturbance(offCoreSeconds: hasCores ? 0 : nil)
    }

    /// What `take`, which times a sample, returns: its seconds, the last ones if it was repeated.
    mutating func sample(_ take: () -> Double) -> Double {
        while true {
            let before = counters.before()
            let seconds = take()
            let met = difference(before, counters.after(), seconds)
            disturbance = disturbance + met
            if met.taints(seconds) {
                if repeated <= kept {
                    repeated += 1
                    continue
                }
                tainted += 1
            }
            kept += 1
            return seconds
        }
    }

    private func difference(_ before: CWorkerUsage, _ after: CWorkerUsage, _ seconds: Double)
        -> Disturbance
    {
        let processor = after.processor_seconds - before.processor_seconds
        return Disturbance(
            involuntarySwitches: Int(after.involuntary_switches - before.involuntary_switches),
            voluntarySwitches: Int(after.voluntary_switches - before.voluntary_switches),
            minorFaults: Int(after.minor_faults - before.minor_faults),
            majorFaults: Int(after.major_faults - before.major_faults),
            migrations: after.core == before.core ? 0 : 1,
            // The readings themselves are within the processor's time, but not within the sample's.
            offCoreSeconds: hasCores ? max(seconds * Double(threads) - processor, 0) : nil)
    }
}
