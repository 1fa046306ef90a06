import Foundation
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
                    addressSpaceSlack: 256 << 20, leastCallSeconds: 2, verifySeconds: 5,
                    measureSeconds: 5)
            ) { $0 == .timeout(phase: "verify", seconds: 2) },
            Case(
                symbol: "hangs_when_timed",
                limits: WorkerLimits(
                    addressSpaceSlack: 256 << 20, leastCallSeconds: 2, verifySeconds: 5,
                    measureSeconds: 5)
            ) { $0 == .timeout(phase: "measure", seconds: 2) },
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
            Case(symbol: "opens_socket") { $0 == .forbidden(call: "socket") },
            Case(symbol: "opens_local_socket") { $0 == .forbidden(call: "socket") },
            Case(symbol: "forks_without_end") { $0 == .forbidden(call: "clone") },
            Case(symbol: "executes") { $0 == .forbidden(call: "execve") },
            Case(symbol: "kills_parent") { $0 == .forbidden(call: "kill") },
            Case(symbol: "kills_everybody") { $0 == .forbidden(call: "kill") },
            Case(symbol: "leaves_group") { $0 == .forbidden(call: "setsid") },
            Case(symbol: "opens_state_to_all") { $0 == .forbidden(call: "fchmodat") },
            Case(symbol: "hides_its_call") { $0 == .forbidden(call: "one that it hid") },
            Case(symbol: "fills_disk") { misbehaved($0, "a file beyond the limit") },
            Case(symbol: "fills_disk_with_files") { misbehaved($0, "MiB of files") },
            Case(symbol: "races") { misbehaved($0, "wrong result once and a right one once") },
        ]

        private static func misbehaved(_ failure: Failure, _ part: String) -> Bool {
            if case .misbehaved(let message) = failure { message.contains(part) } else { false }
        }

        @Test(arguments: cases) func `a hostile kernel gets its failure and harms nobody else`(
            _ hostile: Case
        ) async throws {
            let fixture = try await Fixture.shared.value
            let client = try fixture.client(fixture.request(limits: hostile.limits))

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

        static let denied = [
            "reads_state", "writes_state", "reads_elsewhere", "writes_elsewhere",
            "forges_references", "overwrites_object", "writes_own_folder",
        ]

        /// Each would have ended with a status that tells, had a single access succeeded that should not.
        @Test(arguments: denied) func `a kernel that is denied a file goes on and touched nothing`(
            _ symbol: String
        ) async throws {
            let fixture = try await Fixture.shared.value
            let client = try fixture.client(fixture.request())
            let outcome = try await client.measure(fixture.measure(fixture.candidate(symbol)))
            #expect(throws: Never.self) { try outcome.get() }
            await client.finish()

            let files = FileManager.default
            #expect(try files.contentsOfDirectory(atPath: fixture.state) == ["secret"])
            #expect(
                try String(contentsOfFile: fixture.state + "/secret", encoding: .utf8) == "secret")
            for folder in ["/tmp", "/dev/shm", "/var/tmp", "/", fixture.folder + "/objects"] {
                #expect(!files.fileExists(atPath: folder + "/" + Fixture.strayName))
            }
            #expect(try files.contentsOfDirectory(atPath: fixture.workers).isEmpty)
            #expect(try RunningWorkers.identifiers().isEmpty)
        }

        private static let bubblewrap = "/usr/bin/bwrap"

        @Test(.enabled(if: access(bubblewrap, X_OK) == 0))
        func `bubblewrap guards files where the kernel lacks Landlock`() async throws {
            let fixture = try await Fixture.shared.value
            let client = try fixture.client(
                fixture.request(),
                isolation: Isolation(
                    fileSystem: .bubblewrap(path: Self.bubblewrap), filtersSystemCalls: true))
            for symbol in [nil, "reads_state", "writes_state", "overwrites_object"] {
                let outcome = try await client.measure(fixture.measure(fixture.candidate(symbol)))
                #expect(throws: Never.self) { try outcome.get() }
            }
            for (symbol, failure) in [
                ("opens_socket", Failure.forbidden(call: "socket")),
                ("terminates_itself", .killed(signal: Int(SIGTERM))),
                ("exits_with_status", .exited(status: 9)),
            ] {
                let outcome = try await client.measure(fixture.measure(fixture.candidate(symbol)))
                #expect(throws: failure) { try outcome.get() }
            }
            await client.finish()
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: fixture.state) == ["secret"])
            #expect(try RunningWorkers.identifiers().isEmpty)
        }

        struct Unconfirmed: CustomTestStringConvertible, Sendable {
            var symbol: String
            var threads = 1
            var isExpected: @Sendable (Failure) -> Bool
            var testDescription: String { symbol }
        }

        static let unconfirmed = [
            Unconfirmed(symbol: "wrong_at_one_tail") {
                guard
                    case .wrongResult("127,63,63", "y", 126 * 63 + 62, let value, let expected) =
                        $0, let value = Double(value), let expected = Double(expected)
                else { return false }
                return abs(value - expected - 1) < 1e-5
            },
            Unconfirmed(symbol: "writes_input_at_one_tail") {
                $0 == .overwritten(problem: "127,63,63", buffer: "x", index: 5)
            },
            Unconfirmed(symbol: "differs_from_run_to_run") {
                guard
                    case .nondeterministic("129,65,67", "y", 128 * 67 + 64, let value, let again) =
                        $0, let value = Float(value), let again = Float(again)
                else { return false }
                return again == value.nextUp || again == value.nextDown
            },
            Unconfirmed(symbol: "races_with_two_threads", threads: 2) {
                misbehaved($0, "wrong result once and a right one once")
            },
        ]

        @Test(arguments: unconfirmed) func `what a measurement overlooks a confirmation finds`(
            _ hostile: Unconfirmed
        ) async throws {
            let fixture = try await Fixture.shared.value
            let client = try fixture.client(fixture.confirmation())
            let outcome = try await client.confirm(
                fixture.confirm(fixture.candidate(hostile.symbol, threads: hostile.threads)))
            switch outcome {
            case .success(let verification): Issue.record("it was confirmed: \(verification)")
            case .failure(let failure): #expect(hostile.isExpected(failure), "\(failure)")
            }
            let after = try await client.confirm(
                fixture.confirm(fixture.candidate(threads: hostile.threads)))
            #expect(throws: Never.self) { try after.get() }
            await client.finish()
            #expect(try RunningWorkers.identifiers().isEmpty)
        }

        @Test func `bits may differ where the manifest does not say that they do not`()
            async throws
        {
            let fixture = try await Fixture.shared.value
            let client = try fixture.client(fixture.confirmation())
            let outcome = try await client.confirm(
                fixture.confirm(
                    fixture.candidate("differs_from_run_to_run"), isDeterministic: false))
            #expect(throws: Never.self) { try outcome.get() }
            await client.finish()
        }

        @Test func `a confirmation compares every problem, in all repetitions`() async throws {
            let fixture = try await Fixture.shared.value
            let client = try fixture.client(fixture.confirmation())
            let outcome = try await client.confirm(fixture.confirm(fixture.candidate(threads: 2)))
            let tails = 2 * (129 * 65 + 127 * 63)
            #expect(try outcome.get().comparedElements == 10 * (tails + 128 * 64) + 128 * 64)
            await client.finish()
        }
    }
}
