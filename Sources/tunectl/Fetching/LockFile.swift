import KernelSpace
import Tuner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `tuned.lock.json`: tuned configurations as a repository keeps them, so that a build needs neither daemon nor network.
struct LockFile: Codable, Equatable {
    /// Version of this layout; a reader refuses one it does not know.
    static let schema = 1

    /// One record, as far as a build and its reviewers care.
    struct Entry: Codable, Equatable {
        var kernel: String
        /// Every dimension, computed ones included.
        var problem: [String: Int]
        var target: String
        /// Brand and fingerprint of the device it was measured on.
        var device: String
        var deviceIdentity: Fingerprint
        var configuration: Configuration
        /// Seconds a call, and the default's from the same comparison.
        var seconds: Double
        var defaultSeconds: Double
        /// Key of the evaluation: hash of everything that could change the measurement.
        var identity: Fingerprint
        var compiler: String
    }
    var schema: Int
    var configurations: [Entry]

    /// Keeps the order of the records.
    init(_ records: [TuningRecord]) {
        schema = Self.schema
        configurations = records.map { record in
            Entry(
                kernel: record.key.kernel,
                problem: Dictionary(
                    record.problem.dimensions.map { ($0.name, $0.value) },
                    uniquingKeysWith: { first, _ in first }),
                target: record.key.target, device: record.device.brand,
                deviceIdentity: record.key.device, configuration: record.configuration,
                seconds: record.seconds, defaultSeconds: record.defaultSeconds,
                identity: record.evaluation, compiler: record.compiler)
        }
    }

    /// One key a line, in alphabetical order, so that changes are easily reviewed.
    func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
}
