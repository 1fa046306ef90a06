import Tuner
import TunerAPI

/// The records that a build may use, and why others may not.
struct FetchSelection {
    /// In the order of their keys.
    let records: [TuningRecord]
    /// One sentence each.
    let leftOut: [String]

    /// Throws `.notFound` when a kernel that was asked for has no record to use, or nothing has.
    init(_ listed: [ListedRecord], kernels: [String], target: String) throws {
        let wanted = listed.filter {
            $0.record.key.target == target
                && (kernels.isEmpty || kernels.contains($0.record.key.kernel))
        }.sorted { $0.record.key < $1.record.key }
        records = wanted.filter { $0.kind == .exact }.map(\.record)
        leftOut = wanted.filter { $0.kind != .exact }.map {
            $0.explanation ?? "\($0.record.key.kernel) \($0.record.problem) is \($0.kind.rawValue)"
        }
        let missing = kernels.filter { name in !records.contains { $0.key.kernel == name } }
        if !missing.isEmpty || records.isEmpty {
            let names = missing.isEmpty ? "any kernel" : missing.sorted().joined(separator: ", ")
            throw TunerError(
                .notFound,
                "cannot fetch: there is no current record of \(names) for \(target)"
                    + leftOut.map { "\n  \($0)" }.joined(),
                hint: "tune first: `tunectl tune "
                    + (missing + ["--target \(target)`"]).joined(separator: " "))
        }
    }
}
