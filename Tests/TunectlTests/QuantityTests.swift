import Testing

@testable import tunectl

struct QuantityTests {
    @Test(
        "a call's time has three digits and a fitting unit",
        arguments: [
            (1.3e-9, "1.30 ns"), (999.6e-9, "1.00 µs"), (12.34e-6, "12.3 µs"),
            (999.4e-6, "999 µs"), (1.3125e-3, "1.31 ms"), (0.99949, "999 ms"), (0.9996, "1.00 s"),
            (123.4, "123 s"),
        ])
    func callTimes(seconds: Double, text: String) {
        #expect(Quantities.callTime(seconds) == text)
    }

    @Test(
        "waiting times",
        arguments: [
            (0, "0.0 s"), (48.24, "48.2 s"), (99.96, "1:40 min"), (3599.6, "1:00:00 h"),
            (7385, "2:03:05 h"), (-3, "0.0 s"),
        ] as [(Double, String)])
    func waitingTimes(seconds: Double, text: String) {
        #expect(Quantities.waitingTime(seconds) == text)
    }

    @Test("fixed places round, and never say minus nothing")
    func fixed() {
        #expect(Quantities.fixed(1.005, 1) == "1.0")
        #expect(Quantities.fixed(-0.04, 1) == "0.0")
        #expect(Quantities.fixed(-1.25, 1) == "-1.3")
        #expect(Quantities.fixed(2.5, 0) == "3")
        #expect(Quantities.fixed(.infinity, 2) == "inf")
        #expect(Quantities.fixed(7, 3) == "7.000")
    }

    @Test("speed is work by time, or the time where there is no work")
    func speed() {
        let work = Work(figure: .flops, flops: 2e9, bytes: 5e8)
        #expect(work.speed(0.5) == "4.00 GFLOP/s")
        #expect(Work(figure: .bytes, flops: 2e9, bytes: 5e8).speed(0.5) == "1.00 GB/s")
        #expect(Work(figure: .bytes, flops: 1, bytes: 0).speed(0.5) == "500 ms")
    }

    @Test("sizes and ages")
    func sizes() {
        #expect(Quantities.bytes(32 << 20) == "32 MiB")
        #expect(Quantities.bytes(1536) == "1.5 KiB")
        #expect(Quantities.bytes(12) == "12 B")
        #expect(Quantities.age(59.9) == "59 s")
        #expect(Quantities.age(7200) == "2 h")
        #expect(Quantities.age(-5) == "0 s")
    }
}
