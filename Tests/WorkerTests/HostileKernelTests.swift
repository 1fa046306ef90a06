import Glibc
import Testing
import WorkerProtocol

@testable import Tuner

/// Tests that start workers run one after the other, so that each can tell that it left none.
@Suite(.serialized) enum WorkerSuites {}

extension WorkerSuites {
    /// Every hostile kernel gets its failure, and the same client measures the next good one.
    @Suite struct HostileKernelTests {
        struct Case: CustomTestStringConvertible, Sendable {
            var symbol: String
            var limits = WorkerLimits(
                addressSpaceSlack: 256 << 20, verifySeconds: 5, measureSeconds: 5)
            var isExpected: @Sendable (Failure) -> Bool
            var testDescription: String { symbol }
        }

        static let cases: [Case] = [
            Case(
                symbol: "infinite_loop",
                limits: WorkerLimits(
                    addressSpaceSlack: 256 << 20, verifySeconds: 0.25, measureSeconds: 5)
            ) { $0 == .timeout(phase: "verify", seconds: 0.25) },
            Case(symbol: "null_write") { $0 == .crash(signal: Int(SIGSEGV), address: 0) },
            Case(symbol: "illegal_instruction") { $0 == .crash(signal: Int(SIGILL), address: nil) },
            Case(symbol: "divide_by_zero") { $0 == .crash(signal: Int(SIGFPE), address: nil) },
            Case(symbol: "aborts") { $0 == .crash(signal: Int(SIGABRT), address: nil) },
            Case(symbol: "write_past_end") {
                $0 == .outOfBounds(problem: "1,1,1", buffer: "y", offset: 0)
            },
            Case(symbol: "write_before_start") {
                $0 == .overwritten(problem: "1,1,1", buffer: "y", index: -1)
            },
            Case(symbol: "read_past_end") {
                $0 == .outOfBounds(problem: "1,1,1", buffer: "x", offset: 0)
            },
            Case(symbol: "read_before_start") {
                $0 == .outOfBounds(problem: "1,1,1", buffer: "x", offset: -4)
            },
            Case(symbol: "wrong_tail") {
                guard case .wrongResult("1,1,1", "y", 0, let value, let expected) = $0,
                    let value = Double(value), let expected = Double(expected)
                else { return false }
                return abs(value - expected - 1) < 1e-5
            },
            Case(symbol: "nan_result") {
                guard case .wrongResult("1,1,1", "y", 0, "nan", _) = $0 else { return false }
                return true
            },
            Case(symbol: "unwritten") {
                $0 == .unwritten(problem: "1,1,1", buffer: "y", index: 0)
            },
            Case(symbol: "writes_padding") {
                $0 == .overwritten(problem: "3,7,9", buffer: "y", index: 7)
            },
            Case(symbol: "writes_input") {
                $0 == .overwritten(problem: "1,1,1", buffer: "x", index: 0)
            },
            Case(symbol: "allocates_without_end") {
                if case .outOfMemory(let limit) = $0 { limit >= 256 << 20 } else { false }
            },
            Case(symbol: "leaks_much") { misbehaved($0, "MiB allocated") },
            Case(symbol: "exits") { $0 == .exited(status: 0) },
            Case(symbol: "exits_with_status") { $0 == .exited(status: 9) },
            Case(symbol: "terminates_itself") { $0 == .killed(signal: Int(SIGTERM)) },
            Case(symbol: "returns_early") {
                $0 == .unwritten(problem: "128,64,64", buffer: "y", index: 0)
            },
            Case(symbol: "memoises") {
                if case .wrongResult("128,64,64", "y", 0, _, _) = $0 { true } else { false }
            },
            Case(symbol: "leaves_thread") { misbehaved($0, "2 threads where there were 1") },
            Case(symbol: "leaves_descriptor") { misbehaved($0, "open descriptors") },
            Case(symbol: "writes_to_channel") { misbehaved($0, "reply channel") },
            Case(symbol: "forges_reply") { misbehaved($0, "reply channel") },
            Case(symbol: "closes_channel") { misbehaved($0, "reply channel: it was closed") },
            Case(symbol: "races") { misbehaved($0, "wrong result once and a right one once") },
        ]

        private static func misbehaved(_ failure: Failure, _ part: String) -> Bool {
            if case .misbehaved(let message) = failure { message.contains(part) } else { false }
        }

        @Test(arguments: cases) func `a hostile kernel gets its failure and harms nobody else`(
            _ hostile: Case
        ) async throws {
            let fixture = try await Fixture.shared.value
            let client = WorkerClient(
                executable: try Fixture.worker.get(),
                request: fixture.request(limits: hostile.limits))

            let before = try await client.measure(fixture.measure(fixture.candidate()))
            #expect(throws: Never.self) { try before.get() }

            let outcome = try await client.measure(
                fixture.measure(fixture.candidate(hostile.symbol)))
            switch outcome {
            case .success(let measured): Issue.record("it was measured: \(measured)")
            case .failure(let failure): #expect(hostile.isExpected(failure), "\(failure)")
            }

            let after = try await client.measure(fixture.measure(fixture.candidate()))
            #expect(throws: Never.self) { try after.get() }
            await client.finish()
            #expect(try RunningWorkers.identifiers().isEmpty)
        }

        @Test func `a process that a kernel left is gone with its worker`() async throws {
            let fixture = try await Fixture.shared.value
            let client = WorkerClient(
                executable: try Fixture.worker.get(), request: fixture.request())
            _ = try await client.measure(fixture.measure(fixture.candidate("leaves_child")))
            await client.finish()
            // Killed with the group; the kernel may take a moment to end it.
            for _ in 0..<1000 where try !RunningWorkers.identifiers().isEmpty {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(try RunningWorkers.identifiers().isEmpty)
        }
    }
}
