import Foundation

/// Runs with the path of an empty directory, which is removed afterwards.
func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
    let directory = FileManager.default.temporaryDirectory
        .appendingPathComponent("tuner-store-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    // Best effort: a directory left behind must not hide the test's own outcome.
    defer { try? FileManager.default.removeItem(at: directory) }
    return try body(directory.path)
}
