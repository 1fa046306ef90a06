import Foundation
import Logging
import Testing
import Tuner
import TunerAPI

@testable import TunerService

@Suite("Settings, places, names, log")
struct SettingsTests {
    @Test("a configuration file gives every setting")
    func wholeFile() throws {
        let text = """
            socket: /run/t.sock
            state-dir: /var/t
            kernels: [/a, /b]
            swiftc: /usr/bin/swiftc
            log-level: debug
            """
        let file = try SettingsFile(yaml: text, file: "t.yaml")
        #expect(file.socket == "/run/t.sock" && file.stateDirectory == "/var/t")
        #expect(file.kernels == ["/a", "/b"] && file.swiftc == "/usr/bin/swiftc")
        #expect(file.logLevel == "debug")
        #expect(try SettingsFile(yaml: "# nothing\n", file: "t.yaml") == SettingsFile())
    }

    @Test(
        "what is wrong is told with file, line and column",
        arguments: [
            ("socket: /a\nsokcet: /b\n", "t.yaml:2:1"), ("kernels: /a\n", "t.yaml:1:10"),
            ("kernels: [a]\n", "t.yaml:1:11"), ("socket: [1]\n", "t.yaml:1:9"),
            ("- a\n", "t.yaml:1:1"), ("socket: {\n", "t.yaml"),
        ])
    func wrongFiles(text: String, place: String) throws {
        let error = #expect(throws: TunerError.self) {
            try SettingsFile(yaml: text, file: "t.yaml")
        }
        #expect(error?.message.hasPrefix(place) == true, "\(String(describing: error))")
    }

    @Test("places follow systemd, then the user's environment")
    func places() {
        let systemd = ["RUNTIME_DIRECTORY": "/run/tunerd", "STATE_DIRECTORY": "/var/lib/tunerd:/x"]
        #expect(StandardPlace.socket(environment: systemd, user: 5) == "/run/tunerd/tunerd.sock")
        #expect(StandardPlace.state(environment: systemd, user: 5) == "/var/lib/tunerd")
        #expect(StandardPlace.state(environment: [:], user: 0) == "/var/lib/tunerd")
        #expect(
            StandardPlace.state(environment: ["XDG_STATE_HOME": "/s"], user: 5) == "/s/tunerd")
        #expect(
            StandardPlace.state(environment: ["HOME": "/h"], user: 5) == "/h/.local/state/tunerd")
        #expect(StandardPlace.state(environment: [:], user: 5) == nil)
    }

    @Test("names of sessions rise, also when the clock goes back or a daemon starts anew")
    func identifiers() {
        let first = SessionIdentifiers(after: nil)
        var names = (0..<2_000).map { first.next(at: 1_795_453_080 - Double($0)) }
        let second = SessionIdentifiers(after: names.last)
        names += (0..<2_000).map { _ in second.next(at: 1_795_453_080) }
        #expect(names == names.sorted())
        #expect(Set(names).count == names.count)
        #expect(names[0].hasPrefix("20261123T165800-"))
    }

    @Test("a log line is one line, without the time for the journal")
    func logLines() {
        let line = LineLog.line(
            level: .warning, message: "a\nb", metadata: ["k": "v"], time: nil)
        #expect(line == "<4>a | b k=v\n")
        let timed = LineLog.line(
            level: .info, message: "a", metadata: [:], time: Date(timeIntervalSince1970: 0))
        #expect(timed == "1970-01-01T00:00:00Z info: a\n")
    }

    @Test("a socket's place: live ones and other files are left alone, dead ones replaced")
    func socketFile() async throws {
        let folder = "/tmp/tunerd-socket-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/s.sock"
        try SocketFile.prepare(path, user: geteuid())
        try Data("text".utf8).write(to: URL(filePath: path))
        #expect(throws: TunerError.self) { try SocketFile.prepare(path, user: geteuid()) }
        try FileManager.default.removeItem(atPath: path)

        let dead = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(dead, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        listen(dead, 1)
        let refused = #expect(throws: TunerError.self) {
            try SocketFile.prepare(path, user: geteuid())
        }
        #expect(refused?.code == .busy)
        close(dead)
        try SocketFile.prepare(path, user: geteuid())
        #expect(!FileManager.default.fileExists(atPath: path))

        #expect(throws: TunerError.self) { try SocketFile.prepare("relative", user: geteuid()) }
        chmod(folder, 0o777)
        #expect(throws: TunerError.self) { try SocketFile.prepare(path, user: geteuid()) }
    }
}
