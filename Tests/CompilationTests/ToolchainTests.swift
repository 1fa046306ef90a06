import Foundation
import Testing

@testable import Tuner

@Suite struct ToolchainTests {
    @Test func `the compiler found in PATH says its whole version`() async throws {
        let toolchain = try await Workbench.toolchain()
        #expect(toolchain.build.contains("Target: "))
        #expect(toolchain.summary.contains("Swift version"))
    }

    @Test func `a compiler that was named is the only one tried`() async throws {
        let folder = try TemporaryFolder()
        let broken = try folder.script("swiftc", "echo sorry; exit 3")
        for (path, told) in [
            (broken, "\(broken) (swiftc --version ended with status(3))"),
            ("/nonexistent/swiftc", "/nonexistent/swiftc"),
        ] {
            let places = Toolchain.Places(
                named: path, environment: ProcessInfo.processInfo.environment)
            let error = await #expect(throws: TunerError.self) {
                try await Toolchain.find(places)
            }
            #expect(error?.code == .noCompiler)
            #expect(
                error?.message == "cannot compile kernels: no working swiftc; tried \(told)")
        }
    }

    @Test func `a compiler in PATH that does not run is passed over`() async throws {
        let folder = try TemporaryFolder()
        _ = try folder.script("swiftc", "exit 3")
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = folder.path + ":" + (environment["PATH"] ?? "")
        let found = try await Toolchain.find(.init(named: nil, environment: environment))
        #expect(found == (try await Workbench.toolchain()))
    }
}
