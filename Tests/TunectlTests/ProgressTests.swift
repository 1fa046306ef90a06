import Testing
import Tuner

@testable import tunectl

struct ProgressTests {
    private static func text(
        _ progress: SessionProgress, at now: Double, width: Int, height: Int = 24,
        notice: String? = nil
    ) -> [String] {
        LiveLines(
            progress: progress, now: now, window: .init(width: width, height: height),
            notice: notice
        ).lines.map(\.text)
    }

    @Test("a running session is a line an entry and a line below")
    func running() {
        #expect(
            Self.text(Samples.progress(after: 6), at: 1012, width: 100) == [
                "sgemm m=512,n=512,k=512  ───────────────────     4/150   215 GFLOP/s   2.00×               1 failed",
                "dot n=1000000            ───────────────────   waiting                                             ",
                "0:12 running",
            ])
    }

    @Test("a session that is over keeps its lines")
    func over() {
        #expect(
            Self.text(Samples.progress(after: 10), at: 2000, width: 80, notice: "bye") == [
                "sgemm m=512,n=512,k=512     4/150   224 GFLOP/s   2.00×    recorded   1 failed",
                "dot n=1000000                1/40     32.0 GB/s   1.00×       ended           ",
                "0:50 cancelled",
            ])
    }

    @Test("whatever the window, nothing wraps or scrolls")
    func anyWindow() {
        for count in 0...Samples.bodies.count {
            for width in 1...130 {
                for height in [2, 3, 5, 24] {
                    let lines = Self.text(
                        Samples.progress(after: count), at: 1045, width: width, height: height,
                        notice: "cancelling; Ctrl-C again leaves at once")
                    #expect(lines.count < max(height, 4), "\(width)×\(height)")
                    #expect(lines.allSatisfy { $0.count < max(width, 1) }, "\(width)×\(height)")
                }
            }
        }
    }
}

struct SessionProgressTests {
    private func event(_ number: Int, _ time: Double, _ body: Event.Body) -> Event {
        Event(session: "s1", number: number, time: time, body: body)
    }

    @Test("interruptions do not count as time")
    func interruption() {
        var progress = SessionProgress(Samples.session())
        _ = progress.apply(event(0, 100, .sessionStarted))
        _ = progress.apply(event(1, 110, Samples.trial(0, 0, 1)))
        #expect(progress.elapsed(at: 115) == 15)
        _ = progress.apply(event(2, 500, .sessionResumed))
        #expect(progress.elapsed(at: 505) == 15)
        _ = progress.apply(event(3, 507, .sessionFinished(.finished, TimeSplit())))
        #expect(progress.elapsed(at: 9999) == 17)
    }

    @Test("only a faster trial is an improvement; failures and the default are told apart")
    func milestones() {
        var progress = SessionProgress(Samples.session())
        var told: [SessionProgress.Milestone?] = []
        for (number, sample) in Samples.bodies.enumerated() {
            told.append(progress.apply(event(number, sample.time, sample.body)))
        }
        #expect(
            told == [
                .started, .entryStarted(0), .defaultMeasured(0), nil, nil, .improved(0),
                .entryFinished(0), .entryStarted(1), .defaultMeasured(1), .finished,
            ])
        #expect(progress.entries[0].failures == ["compilation": 1])
        #expect(progress.entries[0].speedup == 2)
        #expect(progress.state == .cancelled)
    }

    @Test("a default that fails is told, and then nothing is faster than it")
    func failingDefault() {
        var progress = SessionProgress(Samples.session())
        #expect(
            progress.apply(event(0, 1, Samples.trial(0, 0, nil)))
                == .defaultFailed(0, "compilation"))
        #expect(progress.apply(event(1, 2, Samples.trial(0, 1, 2e-3))) == .improved(0))
        #expect(progress.entries[0].speedup == nil)
    }

    private func start(_ entry: Int, space: Int) -> Event.Body {
        .entryStarted(entry: entry, space: space, figure: .flops, flops: 1, bytes: 1)
    }

    @Test("the bar shows what an entry has of an even share, in trials or in time")
    func fraction() {
        var progress = SessionProgress(Samples.session(trials: 200, seconds: 100))
        _ = progress.apply(event(0, 1000, .sessionStarted))
        #expect(progress.fraction(0, at: 1010) == 0)
        _ = progress.apply(event(1, 1000, start(0, space: 4)))
        #expect(progress.fraction(0, at: 1010) == 0.2, "10 of 50 seconds")
        #expect(progress.timeLeft(at: 1010) == 90)
        for number in 0..<3 {
            _ = progress.apply(event(2 + number, 1010, Samples.trial(0, number, 1)))
        }
        #expect(progress.fraction(0, at: 1010) == 0.75, "3 of 4 configurations")
        #expect(progress.fraction(0, at: 9999) == 1)
        #expect(progress.fraction(1, at: 9999) == 0)
    }

    @Test("entries that take turns are each charged with their own time, without interruptions")
    func turns() {
        var progress = SessionProgress(Samples.session(trials: nil, seconds: 100))
        _ = progress.apply(event(0, 1000, .sessionStarted))
        _ = progress.apply(event(1, 1000, start(0, space: 1000)))
        _ = progress.apply(event(-1, 1001, .progress(entry: 0, .measuring)))
        _ = progress.apply(event(2, 1010, Samples.trial(0, 0, 1)))
        _ = progress.apply(event(3, 1010, start(1, space: 1000)))
        #expect(progress.current == 1)
        #expect(progress.entries[0].phase == nil)
        _ = progress.apply(event(4, 1015, Samples.trial(1, 0, 1)))
        _ = progress.apply(event(5, 2000, .sessionResumed))
        _ = progress.apply(event(6, 2005, Samples.trial(0, 1, 1)))
        #expect(progress.current == 0)
        #expect(progress.entries.map(\.spent) == [15, 5])
        #expect(progress.fraction(0, at: 2010) == 0.4, "20 of 50 seconds, of which 5 are running")
        #expect(progress.fraction(1, at: 2010) == 0.1)
        #expect(progress.timeLeft(at: 2010) == 75)
    }

    @Test("the time left follows the trials of all entries")
    func timeLeft() {
        var progress = SessionProgress(Samples.session(trials: 20))
        _ = progress.apply(event(0, 1000, .sessionStarted))
        _ = progress.apply(event(1, 1000, start(0, space: 1000)))
        for number in 0..<10 {
            #expect(progress.timeLeft(at: 1001) == nil || number > 7)
            _ = progress.apply(
                event(2 + number, 1001 + Double(number), Samples.trial(0, number, 1)))
        }
        #expect(progress.timeLeft(at: 1010) == 30, "30 of 40 trials at one a second")
        _ = progress.apply(event(12, 1010, start(1, space: 4)))
        #expect(progress.timeLeft(at: 1010) == 30, "the first entry may have them all")
    }

    @Test("events of entries that do not exist are passed over")
    func strangeEntries() {
        var progress = SessionProgress(Samples.session())
        let before = progress.entries.map(\.trials)
        #expect(progress.apply(event(0, 1, Samples.trial(7, 0, 1))) == nil)
        #expect(progress.apply(event(1, 1, .progress(entry: -1, .compiling))) == nil)
        #expect(progress.entries.map(\.trials) == before)
    }
}
