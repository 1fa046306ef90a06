import Foundation
import Testing

@testable import Tuner

@Suite struct KernelCatalogueTests {
    private func write(_ text: String, _ path: String) throws {
        try FileManager.default.createDirectory(
            at: URL(filePath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: path))
    }

    @Test func `a folder may hold kernels, or folders of kernels, or be one`() async throws {
        let tiny = try await TinyKernel()
        for place in ["/kernels", "/kernels/triple", ""] {
            let catalogue = KernelCatalogue(folders: [tiny.folder + place])
            #expect(catalogue.entries.map(\.kernel.name) == ["triple"])
            #expect(catalogue.rejected.isEmpty, "\(catalogue.rejected)")
        }
    }

    @Test func `a kernel reached twice is one kernel`() async throws {
        let tiny = try await TinyKernel()
        let catalogue = KernelCatalogue(
            folders: [tiny.folder + "/kernels", tiny.folder + "/kernels/triple"])
        #expect(catalogue.entries.count == 1 && catalogue.rejected.isEmpty)
    }

    @Test func `a bad manifest costs only its own kernel, and is told`() async throws {
        let tiny = try await TinyKernel()
        try write("kernel: [", tiny.folder + "/kernels/bad/kernel.yaml")
        let catalogue = KernelCatalogue(folders: [tiny.folder + "/kernels", "/nonexistent"])
        #expect(catalogue.entries.map(\.kernel.name) == ["triple"])
        #expect(catalogue.rejected.count == 2)
        #expect(catalogue.rejected.contains { $0.message == "/nonexistent: no such folder" })
        let bad = try #require(catalogue.rejected.first { $0.folder.hasSuffix("/bad") })
        #expect(bad.message.hasPrefix(tiny.folder + "/kernels/bad/kernel.yaml:"), "\(bad)")
        let error = #expect(throws: TunerError.self) { try catalogue.kernel(named: "bad") }
        #expect(error?.code == .notFound)
        #expect(error?.message.hasSuffix("there are: triple") == true)
        #expect(error?.hint?.contains("bad/kernel.yaml") == true)
    }

    @Test func `of two kernels with one name neither is used`() async throws {
        let one = try await TinyKernel()
        let two = try await TinyKernel()
        let catalogue = KernelCatalogue(folders: [one.folder + "/kernels", two.folder + "/kernels"])
        #expect(catalogue.entries.isEmpty)
        #expect(catalogue.rejected.count == 2)
        for rejected in catalogue.rejected {
            #expect(rejected.message.contains(one.folder) && rejected.message.contains(two.folder))
        }
    }

    @Test func `built-in files are found in an installation and in a checkout`() async throws {
        let tiny = try await TinyKernel()
        let root = tiny.folder + "/prefix"
        try write("", root + "/bin/tunerd")
        #expect(throws: TunerError.self) {
            _ = try InstalledFiles(executable: root + "/bin/tunerd")
        }
        try write("", root + "/share/tunerd/include/kernel_abi.h")
        try write("", root + "/share/tunerd/kernels/x")
        let installed = try InstalledFiles(executable: root + "/bin/tunerd")
        #expect(installed.kernels.hasSuffix("/prefix/share/tunerd/kernels"))
        #expect(installed.headers.hasSuffix("/prefix/share/tunerd/include"))
        let package = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
        let checkout = try InstalledFiles(executable: package + "/.build/debug/tunerd")
        #expect(checkout.kernels == package + "/Sources/SIMDKernels")
        #expect(checkout.headers == package + "/Sources/CSIMD/include")
    }
}
