import ArgumentParser
import Tuner
import TunerAPI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Writes tuned configurations for a build.
struct Fetch: AsyncParsableCommand {
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case json, swift, header
    }
    static let configuration = CommandConfiguration(
        abstract: "Write tuned configurations for a build.",
        discussion: """
            json is a lock file for the repository, tuned.lock.json; swift is an enumeration of \
            constants; header is C's #defines. The same records give the same bytes. Records that are \
            stale or from another device are left out, and named.

            Examples:
              tunectl fetch --target cpu-avx2 --format json -o tuned.lock.json
              tunectl fetch sgemm --target cpu-avx512 --format header -o tuned.h
            """)

    @Argument(help: "Kernels; every tuned one if there are none.")
    var kernels: [String] = []

    @Option(help: "Target; `tunectl targets` lists them.")
    var target = "cpu-native"

    @Option(help: "What to write.")
    var format = Format.json

    @Option(
        name: .shortAndLong, help: "Where to write it; standard output if left out.",
        completion: .file())
    var output: String?

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let client = connection.client
        let target = try await resolved(client)
        let records = try await client.records().records
        let selection = try FetchSelection(records, kernels: kernels, target: target)
        for line in selection.leftOut { Output.complain("tunectl: \(line)") }
        let text =
            switch format {
            case .json: try LockFile(selection.records).text()
            case .swift: try SwiftConstants(selection.records, target: target).text
            case .header: try HeaderConstants(selection.records, target: target).text
            }
        guard let output else { return Output.raw(text) }
        try NewFile.write(text, to: output)
        Output.complain(
            "tunectl: wrote \(Wording.count(selection.records.count, "configuration")) for "
                + "\(target) to \(output)")
    }

    /// Records are kept under real targets, so `cpu-native` is looked up.
    private func resolved(_ client: TunerClient) async throws -> String {
        let targets = try await client.targets().targets
        if target == "cpu-native", let native = targets.first(where: \.isNative) {
            return native.name
        }
        guard targets.contains(where: { $0.name == target }) else {
            let known = (targets.map(\.name) + ["cpu-native"]).joined(separator: ", ")
            throw TunerError(
                .notFound, "there is no target \"\(target)\"; the targets are \(known)")
        }
        return target
    }
}
