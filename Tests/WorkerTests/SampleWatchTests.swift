import CProcess
import Testing
import WorkerProtocol

@testable import tune_worker

/// A sample of one millisecond on one thread, with counters of the test's own.
@Suite struct SampleWatchTests {
    static let seconds = 1e-3

    /// `met` gives what happened during sample 0, 1 …, repeats counted.
    private func watch(
        threads: Int = 1, cores: Int = 2, _ met: @escaping (Int) -> CWorkerUsage
    ) -> SampleWatch {
        var sample = 0
        let start = CWorkerUsage(
            involuntary_switches: 5, voluntary_switches: 6, minor_faults: 7, major_faults: 8,
            processor_seconds: 9, core: 1)
        return SampleWatch(
            threads: threads, cores: cores,
            counters: SampleWatch.Counters(
                before: { start },
                after: {
                    defer { sample += 1 }
                    let met = met(sample)
                    return CWorkerUsage(
                        involuntary_switches: start.involuntary_switches + met.involuntary_switches,
                        voluntary_switches: start.voluntary_switches + met.voluntary_switches,
                        minor_faults: start.minor_faults + met.minor_faults,
                        major_faults: start.major_faults + met.major_faults,
                        processor_seconds: start.processor_seconds + met.processor_seconds,
                        core: start.core + met.core)
                }))
    }

    private func usage(
        switches: Int64 = 0, faults: Int64 = 0, processor: Double = seconds, core: Int32 = 0
    ) -> CWorkerUsage {
        CWorkerUsage(
            involuntary_switches: switches, voluntary_switches: 0, minor_faults: faults,
            major_faults: 0, processor_seconds: processor, core: core)
    }

    /// Times that the samples really took, in the order taken; the values kept.
    private func samples(_ count: Int, _ watch: inout SampleWatch) -> (taken: Int, kept: [Double]) {
        var taken = 0
        var kept: [Double] = []
        for _ in 0..<count {
            kept.append(
                watch.sample {
                    taken += 1
                    return Self.seconds + Double(taken) * 1e-9
                })
        }
        return (taken, kept)
    }

    @Test func `undisturbed samples are taken once`() {
        var watch = watch { _ in usage() }
        #expect(samples(7, &watch).taken == 7)
        #expect(watch.repeated == 0 && watch.tainted == 0)
        #expect(watch.disturbance.involuntarySwitches == 0)
    }

    @Test(arguments: [
        CWorkerUsage(
            involuntary_switches: 1, voluntary_switches: 0, minor_faults: 0, major_faults: 0,
            processor_seconds: seconds, core: 0),
        CWorkerUsage(
            involuntary_switches: 0, voluntary_switches: 0, minor_faults: 3, major_faults: 0,
            processor_seconds: seconds, core: 0),
        CWorkerUsage(
            involuntary_switches: 0, voluntary_switches: 0, minor_faults: 0, major_faults: 1,
            processor_seconds: seconds, core: 0),
        CWorkerUsage(
            involuntary_switches: 0, voluntary_switches: 0, minor_faults: 0, major_faults: 0,
            processor_seconds: 0.99 * seconds, core: 0),
        CWorkerUsage(
            involuntary_switches: 0, voluntary_switches: 0, minor_faults: 0, major_faults: 0,
            processor_seconds: seconds, core: 1),
    ])
    func `a lost core, faults, stolen time and a migration have a sample repeated`(
        _ met: CWorkerUsage
    ) {
        var watch = watch { $0 == 2 ? met : usage() }
        let (taken, kept) = samples(5, &watch)
        #expect(taken == 6)
        #expect(watch.repeated == 1 && watch.tainted == 0)
        // The third sample taken was thrown away, the fourth is in its place.
        #expect(kept[2] == Self.seconds + 4e-9)
        #expect(watch.disturbance.estimatedLoss > 0.005 * Self.seconds)
    }

    @Test func `what costs less than the tolerable share is counted and kept`() {
        var watch = watch { _ in usage(faults: 2, processor: 0.9999 * Self.seconds) }
        #expect(samples(5, &watch).taken == 5)
        #expect(watch.disturbance.minorFaults == 10)
        #expect(watch.tainted == 0)
    }

    @Test(arguments: [1, 2, 7, 30]) func `on a machine that is never quiet samples cost twice`(
        _ count: Int
    ) {
        var watch = watch { _ in usage(switches: 1) }
        let (taken, kept) = samples(count, &watch)
        #expect(taken == 2 * count && kept.count == count)
        #expect(watch.repeated == count && watch.tainted == count)
        #expect(watch.disturbance.involuntarySwitches == 2 * count)
    }

    @Test func `repeats that were not needed are left for a burst`() {
        // Twenty quiet samples, then ten disturbed ones: the twenty-first is repeated until they are over.
        var watch = watch { (20..<30).contains($0) ? usage(switches: 1) : usage() }
        #expect(samples(25, &watch).taken == 35)
        #expect(watch.repeated == 10 && watch.tainted == 0)
    }

    @Test func `threads of a team each count their time, more of them than cores share theirs`() {
        var team = watch(threads: 2) { _ in usage(processor: 2 * Self.seconds) }
        #expect(samples(3, &team).taken == 3)
        var late = watch(threads: 2) { _ in usage(processor: 1.9 * Self.seconds) }
        #expect(samples(3, &late).taken == 6)
        var crowd = watch(threads: 3) { _ in usage(switches: 40, processor: Self.seconds) }
        #expect(samples(3, &crowd).taken == 3)
        #expect(crowd.disturbance.offCoreSeconds == nil)
        #expect(crowd.disturbance.involuntarySwitches == 120)
    }

    @Test func `the kernel's counters see faults and processor time`() {
        var watch = SampleWatch(threads: 1, cores: 1, counters: .kernel(threads: 1))
        // Some of 64 MiB is new to the process, whatever the allocator kept.
        let pages = UnsafeMutableRawPointer.allocate(byteCount: 64 << 20, alignment: 4096)
        defer { pages.deallocate() }
        // One second, so that these faults taint nothing.
        _ = watch.sample {
            for offset in stride(from: 0, to: 64 << 20, by: 4096) {
                pages.storeBytes(of: 1, toByteOffset: offset, as: UInt8.self)
            }
            return 1
        }
        #expect(watch.disturbance.minorFaults > 0)
        #expect((watch.disturbance.offCoreSeconds ?? 0) > 0)
    }
}
