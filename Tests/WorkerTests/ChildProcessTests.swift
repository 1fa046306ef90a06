import Glibc
import Testing

@testable import Tuner

@Suite struct ChildProcessTests {
    private func shell(_ script: String, limits: ProcessLimits = ProcessLimits()) -> ChildProcess {
        ChildProcess(
            executable: "/bin/sh", arguments: ["-c", script],
            environment: ["PATH": "/usr/bin:/bin", "GREETING": "hello"], workingDirectory: "/tmp",
            limits: limits)
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test(arguments: ["tcp", "udp"]) func `a child in a sandbox has no network`(_ kind: String)
        async throws
    {
        // Datagrams need no listener; for a stream there is none, which is another error than none being allowed.
        var command = ChildProcess(
            executable: "/bin/bash",
            arguments: ["-c", "exec 4<>/dev/\(kind)/127.0.0.1/9"], environment: ["LC_ALL": "C"])
        let free = try await command.run(timeout: 20)
        #expect(kind == "tcp" || free.exit == .status(0))
        command.sandbox = Sandbox(readable: ["/"], writable: [])
        let confined = try await command.run(timeout: 20)
        #expect(confined.exit != .status(0))
        #expect(
            String(decoding: confined.errors, as: UTF8.self).contains("Operation not permitted"))
    }

    @Test func `output, errors, status, environment and directory arrive`() async throws {
        let done = try await shell("echo $GREETING $(pwd); echo bad >&2; exit 3").run(timeout: 30)
        #expect(done.exit == .status(3))
        #expect(text(done.output) == "hello /tmp\n")
        #expect(text(done.errors) == "bad\n")
        #expect(!done.timedOut)
    }

    @Test func `a signal is told from a status`() async throws {
        let done = try await shell("kill -TERM $$").run(timeout: 30)
        #expect(done.exit == .signal(Int(SIGTERM)))
    }

    @Test func `output beyond the limit is dropped, not waited for`() async throws {
        let done = try await shell("head -c 1000000 /dev/zero; echo end >&2")
            .run(timeout: 30, outputLimit: 1000)
        #expect(done.exit == .status(0))
        #expect(done.output.count == 1000)
        #expect(text(done.errors) == "end\n")
    }

    @Test func `a timeout kills the whole group`() async throws {
        let done = try await shell("sleep 1000 & echo $!; sleep 1000").run(timeout: 0.2)
        #expect(done.timedOut)
        #expect(done.exit == .signal(Int(SIGKILL)))
        let grandchild = try #require(pid_t(text(done.output).dropLast()))
        // It was killed; the kernel may take a moment to end it.
        for _ in 0..<1000 where !isGone(grandchild) {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(isGone(grandchild))
    }

    @Test func `a command that writes without end meets its deadline`() async throws {
        let done = try await shell("exec yes").run(timeout: 0.2, outputLimit: 10)
        #expect(done.timedOut)
        #expect(done.output.count == 10)
    }

    @Test func `cancellation kills the command`() async throws {
        let command = shell("sleep 1000")
        let task = Task { try await command.run(timeout: 1000) }
        try await Task.sleep(for: .milliseconds(50))
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
    }

    @Test func `a missing executable says which step failed`() async throws {
        let command = ChildProcess(
            executable: "/nonexistent/tool", arguments: [], environment: [:])
        let error = await #expect(throws: TunerError.self) { try await command.run(timeout: 30) }
        #expect(error?.message.contains("/nonexistent/tool: to execute: No such file") == true)
    }

    @Test func `limits, core and niceness hold in the child`() async throws {
        let limits = ProcessLimits(
            addressSpace: 1 << 30, cpuTime: 77, fileSize: 1 << 20, openFiles: 33, core: 0,
            niceness: 19)
        let done = try await shell(
            "ulimit -v; ulimit -t; ulimit -n; ulimit -c; nice; grep Cpus_allowed_list /proc/self/status",
            limits: limits
        ).run(timeout: 30)
        #expect(text(done.output) == "1048576\n77\n33\n0\n19\nCpus_allowed_list:\t0\n")
    }

    @Test func `only the three standard descriptors are open`() async throws {
        let done = try await shell("ls -1 /proc/$$/fd").run(timeout: 30)
        #expect(text(done.output) == "0\n1\n2\n")
    }

    @Test func `a hundred children at once all end`() async throws {
        try await withThrowingTaskGroup(of: ProcessExit.self) { group in
            for number in 0..<100 {
                group.addTask { try await shell("exit \(number)").run(timeout: 60).exit }
            }
            var seen: Set<ProcessExit> = []
            for try await exit in group { seen.insert(exit) }
            #expect(seen == Set((0..<100).map { .status($0) }))
        }
    }

    /// Gone, or a zombie that init has yet to collect.
    private func isGone(_ process: pid_t) -> Bool {
        guard kill(process, 0) == 0 else { return true }
        guard let file = fopen("/proc/\(process)/stat", "r") else { return true }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 512)
        let count = fread(&buffer, 1, buffer.count, file)
        let stat = String(decoding: buffer.prefix(count), as: UTF8.self)
        return stat.contains(") Z ") || stat.contains(") X ")
    }
}
