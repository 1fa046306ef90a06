import Foundation
import Testing

@testable import Tuner

@Suite(.timeLimit(.minutes(15))) struct MeasuringLockTests {
    private let path = FileManager.default.temporaryDirectory.path + "/lock-\(UUID().uuidString)"
    private var lock: MeasuringLock { MeasuringLock(path: path) }

    private func cleanUp() { try? FileManager.default.removeItem(atPath: path) }

    private actor Counter {
        private(set) var most = 0
        private var now = 0
        func enter() {
            now += 1
            most = max(most, now)
        }
        func leave() { now -= 1 }
    }

    @Test func `only one measures at a time`() async throws {
        defer { cleanUp() }
        let counter = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try await lock.whileHolding(for: .measuring, "a kernel") {
                        await counter.enter()
                        for _ in 0..<100 { await Task.yield() }
                        await counter.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(await counter.most == 1)
    }

    @Test func `those who compile are together, and nobody measures meanwhile`() async throws {
        defer { cleanUp() }
        let lock = lock
        try await lock.whileHolding(for: .compiling, "first") {
            try await lock.whileHolding(for: .compiling, "second") {
                let waiting = Task {
                    try await lock.whileHolding(for: .measuring, "third") {}
                }
                try await Task.sleep(for: .milliseconds(20))
                waiting.cancel()
                await #expect(throws: CancellationError.self) { try await waiting.value }
            }
        }
        try await lock.whileHolding(for: .measuring, "third") {}
    }

    @Test func `the holder is shown while it measures, and only then`() async throws {
        defer { cleanUp() }
        let lock = lock
        #expect(lock.holder() == nil)
        try await lock.whileHolding(for: .measuring, "sgemm m=512,n=512,k=512") {
            #expect(
                lock.holder()
                    == MeasuringLock.Holder(
                        process: getpid(), activity: "sgemm m=512,n=512,k=512"))
        }
        #expect(lock.holder() == nil)
        try await lock.whileHolding(for: .compiling, "swiftc") { #expect(lock.holder() == nil) }
    }

    @Test func `a process that dies lets go`() async throws {
        defer { cleanUp() }
        let lock = lock
        let script = "exec 9<>\(path); flock -x 9; echo \"$$ elsewhere\" >&9; sleep 3600"
        let other = Task {
            try await ChildProcess(
                executable: "/bin/sh", arguments: ["-c", script],
                environment: ["PATH": "/usr/bin:/bin"]
            ).run(timeout: 3600)
        }
        while lock.holder()?.activity != "elsewhere\n" {
            try await Task.sleep(for: .milliseconds(5))
        }
        let measured = Task {
            try await lock.whileHolding(for: .measuring, "here") { lock.holder()?.activity }
        }
        other.cancel()
        #expect(try await measured.value == "here")
    }

    @Test func `a file that cannot be opened is an error that names it`() async throws {
        let lock = MeasuringLock(path: "/nonexistent/lock")
        let error = await #expect(throws: TunerError.self) {
            try await lock.whileHolding(for: .measuring, "x") {}
        }
        #expect(error?.message.contains("/nonexistent/lock: No such file") == true)
    }
}
