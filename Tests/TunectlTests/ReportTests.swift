import KernelSpace
import Testing
import Tuner
import TunerAPI

@testable import tunectl

struct ReportTests {
    private func summary(_ count: Int, width: Int?) -> [String] {
        SessionReport(progress: Samples.progress(after: count)).summary(width: width).map(\.text)
    }

    @Test("the summary is a table, the failures and where the time went")
    func wide() {
        #expect(
            summary(10, width: nil) == [
                "kernel  problem                default        tuned  speed-up  decision   configuration",
                "sgemm   m=512,n=512,k=512  112 GFLOP/s  224 GFLOP/s     2.00×  recorded   kc=256,lanes=16,mr=3",
                "dot     n=1000000            32.0 GB/s    32.0 GB/s     1.00×  undecided  kc=256,lanes=16,mr=0",
                "failed: compilation 1",
                "took 50.0 s: compiling 30.0 s (60 %), verifying 5.0 s (10 %), measuring 14.0 s (28 %), rest 1.0 s (2 %)",
                "cancelled",
            ])
    }

    @Test("doubtful conditions are said under the table, the worst of each kind")
    func concerns() {
        #expect(ConcernLines.lines([], of: "record").isEmpty)
        #expect(ConcernLines.lines([nil, Samples.environment()], of: "record").isEmpty)
        let environments = [
            Samples.environment(spread: 0.02), Samples.environment(spread: 0.034, stolen: 0.2), nil,
        ]
        #expect(
            ConcernLines.lines(environments, of: "problem").map(\.text) == [
                "measured on a shared host: ±3.4 % (2 of 3 problems, the worst)",
                "20 % of the core's time was stolen (1 of 3 problems)",
            ])
        var session = Samples.session([("dot", Samples.dot)])
        session.results[0] = Session.Result(
            decision: .kept, trials: 1, failures: [:], configuration: nil, seconds: nil,
            defaultSeconds: nil, environment: environments[0])
        #expect(
            Listings.session(session, width: nil).map(\.text)
                .contains("measured on a shared host: ±2.0 %"))
        var record = Samples.record()
        record.environment = environments[0]
        let listed = ListedRecord(record: record, kind: .exact, explanation: nil)
        #expect(
            Listings.concerns([listed, listed]).map(\.text) == [
                "measured on a shared host: ±2.0 % (2 of 2 records, the worst)"
            ])
    }

    @Test("in a narrow window configurations come below")
    func narrow() {
        #expect(
            summary(10, width: 80) == [
                "kernel  problem                default        tuned  speed-up  decision",
                "sgemm   m=512,n=512,k=512  112 GFLOP/s  224 GFLOP/s     2.00×  recorded",
                "    kc=256,lanes=16,mr=3",
                "dot     n=1000000            32.0 GB/s    32.0 GB/s     1.00×  undecided",
                "    kc=256,lanes=16,mr=0",
                "failed: compilation 1",
                "took 50.0 s: compiling 30.0 s (60 %), verifying 5.0 s (10 %), measuring 14.0 s (28 %), rest 1.0 s (2 %)",
                "cancelled",
            ])
    }

    @Test("a log gets the default, improvements and endings")
    func log() {
        var progress = SessionProgress(Samples.session())
        var lines = [SessionReport(progress: progress).heading.text]
        for (number, sample) in Samples.bodies.enumerated() {
            let event = Event(session: "s1", number: number, time: sample.time, body: sample.body)
            guard let milestone = progress.apply(event) else { continue }
            if let line = SessionReport(progress: progress).line(milestone) {
                lines.append(line.text)
            }
        }
        #expect(
            lines == [
                "session s1: cpu-avx512, 2 problems, hillclimb with seed 7, 400 trials in all",
                "sgemm m=512,n=512,k=512: started, at most 150 trials",
                "sgemm m=512,n=512,k=512: default: 107 GFLOP/s (2.50 ms)",
                "sgemm m=512,n=512,k=512: trial 3: 215 GFLOP/s (1.25 ms), 2.00× the default: kc=256,lanes=16,mr=3",
                "sgemm m=512,n=512,k=512: 4 trials, 1 failed; recorded as the best",
                "dot n=1000000: started, at most 40 trials",
                "dot n=1000000: default: 32.0 GB/s (250 µs)",
            ])
    }

    @Test("long cells break after commas, others anywhere")
    func wrapping() {
        #expect(Table.wrapped("a=1,b=2,c=3", width: 5) == ["a=1,", "b=2,", "c=3"])
        #expect(Table.wrapped("abcdef", width: 4) == ["abcd", "ef"])
        #expect(Table.wrapped("", width: 4) == [""])
        #expect(Table.wrapped("abcd", width: 4) == ["abcd"])
    }
}

struct ListingTests {
    private func text(_ lines: [StyledLine]) -> [String] { lines.map(\.text) }

    @Test("records say whether they still hold")
    func records() {
        let listed = [
            ListedRecord(record: Samples.record(), kind: .exact, explanation: nil),
            ListedRecord(
                record: Samples.record(kernel: "dot", problem: Samples.dot), kind: .stale,
                explanation: "another compiler"),
        ]
        #expect(
            text(Listings.records(listed, now: 1000 + 7200).lines(width: nil)) == [
                "kernel  problem            target          default        tuned  speed-up  age  standing  configuration",
                "sgemm   m=512,n=512,k=512  cpu-avx512  107 GFLOP/s  215 GFLOP/s     2.00×  2 h  current   kc=256,lanes=16,mr=14",
                "dot     n=1000000          cpu-avx512  107 GFLOP/s  215 GFLOP/s     2.00×  2 h  stale     kc=256,lanes=16,mr=14",
            ])
    }

    @Test("sessions are listed with their kernels counted")
    func sessions() {
        var session = Samples.session([
            ("sgemm", Samples.sgemm), ("dot", Samples.dot), ("sgemm", Samples.sgemm),
        ])
        session.state = .failed(message: "disk full")
        session.elapsed = 12.5
        #expect(
            text(Listings.sessions([session], now: 1090).lines(width: nil)) == [
                "session  state   target      strategy     age     ran  kernels",
                "s1       failed  cpu-avx512  hillclimb  1 min  12.5 s  sgemm ×2, dot",
            ])
    }

    @Test("a session is shown with what is known of each entry")
    func session() {
        var session = Samples.session(seconds: 60)
        session.state = .running
        session.results[0] = Session.Result(
            decision: .kept, trials: 9, failures: ["timeout": 2, "crash": 3],
            configuration: Samples.configuration(3), seconds: 1e-3, defaultSeconds: 1.5e-3,
            acceptance: Acceptance(
                challenger: .init(configuration: Samples.configuration(6), seconds: 0.998e-3),
                holder: .init(configuration: Samples.configuration(3), seconds: 1e-3),
                ratio: 0.998, lower: 0.9912, upper: 1.0041, terms: AcceptanceTerms(), launches: 9,
                verdict: .notDistinguishable, changesBits: true),
            passedOver: Samples.configuration(9))
        session.timeSplit = Samples.split
        #expect(
            text(Listings.session(session, width: 80)) == [
                "session   s1",
                "state     running",
                "target    cpu-avx512",
                "strategy  hillclimb, seed 7",
                "budget    400 trials or 60.0 s in all",
                "ran       0.0 s",
                "",
                "kernel  problem            trials  default    tuned  speed-up  decision",
                "sgemm   m=512,n=512,k=512       9  1.50 ms  1.00 ms     1.50×  kept",
                "    kc=256,lanes=16,mr=3",
                "dot     n=1000000               –        –        –         –  to come",
                "sgemm m=512,n=512,k=512: kc=256,lanes=16,mr=6 is not distinguishable from kc=256,lanes=16,mr=3: "
                    + "0.998 of its time [0.991, 1.004] at confidence 0.99, 9 launches; they compute different bits",
                "sgemm m=512,n=512,k=512: kc=256,lanes=16,mr=9 is passed over: it computes different bits",
                "failed: crash 3, timeout 2",
                "took 50.0 s: compiling 30.0 s (60 %), verifying 5.0 s (10 %), measuring 14.0 s (28 %), rest 1.0 s (2 %)",
            ])
    }

    @Test("targets name what the device lacks")
    func targets() throws {
        let target = Target(
            name: "t", summary: "a target", triple: "x", flags: [], vectorBytes: 64,
            vectorRegisters: 32, features: ["avx2", "avx512f"])
        let other = Target(
            name: "u", summary: "another", triple: "x", flags: [], vectorBytes: 32,
            vectorRegisters: 16, features: ["avx2"])
        let summaries = [target, other].map {
            TargetSummary($0, on: Samples.device, native: "u")
        }
        #expect(
            text(Listings.targets(summaries).lines(width: nil)) == [
                "target  runs here        summary",
                "t       lacks avx512f    a target",
                "u       yes, cpu-native  another",
            ])
    }

    @Test("status tells what there is and what is missing")
    func status() {
        let status = Status(
            version: "1.2.3", process: 42, started: 1000, socket: "/run/t.sock",
            stateDirectory: "/var/lib/t", kernelFolders: ["/k"],
            compiler: Status.Compiler(problem: "there is no swiftc"),
            isolation: Isolation(fileSystem: .landlock(version: 7), filtersSystemCalls: true),
            device: Samples.device, nativeTarget: "cpu-avx2", kernels: 3, rejectedKernels: 1,
            records: 5, running: nil,
            queued: ["s1", "s2"], measuringElsewhere: "process 7")
        #expect(
            text(Listings.status(status, now: 1300)) == [
                "tunerd      1.2.3, process 42, up 5 min",
                "socket      /run/t.sock",
                "state       /var/lib/t",
                "device      AMD EPYC 9R14, 2 cores, hypervisor KVM",
                "caches      L1d 32 KiB, L3 32 MiB",
                "cpu-native  cpu-avx2",
                "compiler    cannot tune: there is no swiftc",
                "isolation   landlock (ABI 7) + seccomp",
                "kernels     3, 1 cannot be used",
                "records     5",
                "running     nothing",
                "queued      s1, s2",
                "waits for   process 7",
            ])
    }
}
