import Foundation
import KernelSpace
import Testing
import Tuner
import TunerStore

/// A real writer process, killed.
@Suite struct CrashTests {
    @Test func `no acknowledged commit is lost when the writer is killed at random moments`() throws
    {
        try withTemporaryDirectory { directory in
            var generator = SeededGenerator(seed: 20)
            var next = 0
            for round in 0..<20 {
                let writer = try Writer(directory, from: next, samples: 50)
                // From the first microseconds, when the database is being made, to some hundred
                // commits.
                let lines = round % 4 == 0 ? 0 : Int.random(in: 1...40, using: &generator)
                writer.awaitLines(lines)
                let pause = UInt32.random(in: 0...(lines == 0 ? 30_000 : 3000), using: &generator)
                usleep(pause)
                let acknowledged = writer.kill().compactMap { Int($0) }.last ?? next - 1
                next = try verify(directory, acknowledged: acknowledged, "round \(round)")
            }
            #expect(next > 20)
        }
    }

    @Test func `a second daemon is told which process has the state`() throws {
        try withTemporaryDirectory { directory in
            let writer = try Writer(directory, from: 0, samples: 1)
            writer.awaitLines(1)
            let error = #expect(throws: TunerError.self) {
                try LMDBRecordStore(stateDirectory: directory)
            }
            #expect(error?.code == .busy)
            #expect(error?.message.contains("process \(writer.identifier) ") == true)
            _ = writer.kill()
            _ = try LMDBRecordStore(stateDirectory: directory)
        }
    }

    @Test func `a reader follows a writer in another process whose map grows`() throws {
        try withTemporaryDirectory { directory in
            let writer = try Writer(directory, from: 0, samples: 400)
            writer.awaitLines(1)
            let reader = try LMDBRecordStore(stateDirectory: directory, access: .readOnly)
            for count in stride(from: 50, through: 400, by: 50) {
                // "open" and one line a trial.
                writer.awaitLines(1 + count)
                #expect(try reader.trials(session: "crash", entry: 0).count >= count)
            }
            _ = writer.kill()
        }
    }

    @Test func `a file that cannot grow is an error that says so, and loses nothing`() throws {
        try withTemporaryDirectory { directory in
            let writer = try Writer(directory, from: 0, samples: 300, fileLimit: 1 << 20)
            let acknowledged = try checkDiskFull(writer.awaitEnd(), "cannot enlarge")
            let next = try verify(directory, acknowledged: acknowledged, "file limit")
            #expect(next == acknowledged + 1)
        }
    }

    /// On a file system of 3 MiB, where this process may mount one: in a name space of the writer's
    /// own.
    @Test(.enabled(if: canMount()))
    func `a full disk is an error that says so, and what is stored is read`() throws {
        try withTemporaryDirectory { directory in
            let mount = #"mount -t tmpfs -o size=3m tmpfs "$1" && exec "$0" "$1" 0 300"#
            let writer = try Writer(shell: mount, directory)
            _ = try checkDiskFull(writer.awaitEnd(), "cannot commit")
        }
    }

    /// The last trial that the writer acknowledged before it said what is wrong.
    private func checkDiskFull(_ lines: [String], _ attempt: String) throws -> Int {
        let error = try #require(lines.first { $0.hasPrefix("error ") })
        #expect(error.hasPrefix("error \(attempt)"))
        #expect(error.contains("free space"))
        let acknowledged = try #require(lines.compactMap { Int($0) }.last)
        #expect(acknowledged > 10)
        #expect(lines.last == "holds \(acknowledged + 1)")
        return acknowledged
    }

    private static func canMount() -> Bool {
        let probe = Process()
        probe.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        probe.arguments = ["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        probe.standardError = FileHandle.nullDevice
        do {
            try probe.run()
        } catch {
            return false
        }
        probe.waitUntilExit()
        return probe.terminationStatus == 0
    }

    /// Opens the state as a daemon does; the number of the next trial.
    private func verify(
        _ directory: String, acknowledged: Int, _ comment: Comment
    ) throws -> Int {
        let store = try LMDBRecordStore(stateDirectory: directory)
        let trials = try store.trials(session: "crash", entry: nil)
        // One more than was said may be durable: the kill came between the commit and the word.
        #expect([acknowledged + 1, acknowledged + 2].contains(trials.count), comment)
        #expect(trials.map(\.number) == Array(0..<trials.count), comment)
        let events = try store.events(session: "crash", from: 0, limit: .max)
        #expect(events.map(\.body) == trials.map(Event.Body.trial), comment)
        for trial in trials {
            #expect(try store.evaluation(for: trial.evaluationKey) == trial.evaluation, comment)
        }
        return trials.count
    }
}

/// The helper process and the lines it has said.
private final class Writer {
    private let process = Process()
    private let output = Pipe()
    private var bytes: [UInt8] = []

    var identifier: Int32 { process.processIdentifier }

    init(_ directory: String, from first: Int, samples: Int, fileLimit: Int? = nil) throws {
        process.executableURL = try Self.helper()
        process.arguments =
            [directory, "\(first)", "\(samples)"] + (fileLimit.map { ["\($0)"] } ?? [])
        process.standardOutput = output
        try process.run()
    }

    /// Runs `script` in a name space of mounts; `$0` is the writer, `$1` the directory.
    init(shell script: String, _ directory: String) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        process.arguments = ["-m", "sh", "-c", script, try Self.helper().path, directory]
        process.standardOutput = output
        try process.run()
    }

    /// Returns early if the writer ends.
    func awaitLines(_ count: Int) {
        while bytes.count(where: { $0 == 10 }) < count, readSome() {}
    }

    func kill() -> [String] {
        Foundation.kill(identifier, SIGKILL)
        return awaitEnd()
    }

    /// Every line up to the writer's end.
    func awaitEnd() -> [String] {
        while readSome() {}
        process.waitUntilExit()
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private func readSome() -> Bool {
        let data = output.fileHandleForReading.availableData
        bytes += data
        return !data.isEmpty
    }

    /// Beside the test bundle, where the build puts every executable.
    private static func helper() throws -> URL {
        #if os(macOS)
            let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
            let folder = try #require(bundle).bundleURL.deletingLastPathComponent()
        #else
            let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        #endif
        return folder.appendingPathComponent("store-crash-writer")
    }
}
