import KernelSpace
import Synchronization
import Tuner
import TunerAPI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Answers lookups, the same one at once: engines ask at start-up for every shape they know.
///
/// Sources are hashed and records decoded when a question is new, when a record has changed or when the kernels were read again.
package final class Lookups: Sendable {
    /// What is asked, as it was asked.
    package struct Question: Hashable, Sendable {
        package var kernel: String
        package var problem: String
        package var target: String

        package init(kernel: String, problem: String, target: String) {
            self.kernel = kernel
            self.problem = problem
            self.target = target
        }
    }
    private struct Answers {
        var kernels = 0
        var generation = 0
        var bytes: [Question: Data] = [:]
    }

    /// Answers kept; some 3 KiB each.
    private static let answerLimit = 4_096

    private let store: any RecordStore
    private let provider: any EvaluatorProvider
    private let kernels: KernelPath
    private let device: Device
    /// Build id of the compiler in use; nil without one.
    private let compiler: String?
    private let answers = Mutex(Answers())

    package init(
        store: any RecordStore, provider: any EvaluatorProvider, kernels: KernelPath,
        device: Device, compiler: String?
    ) {
        self.store = store
        self.provider = provider
        self.kernels = kernels
        self.device = device
        self.compiler = compiler
    }

    /// A record has changed.
    package func forget() {
        answers.withLock { answers in
            answers.generation += 1
            answers.bytes = [:]
        }
    }

    /// A `LookupResponse` as JSON. Throws TunerError and KernelSpaceError for what cannot be asked.
    package func answer(to question: Question) throws -> Data {
        let (catalogue, number) = kernels.current
        let (known, generation) = answers.withLock { answers in
            if answers.kernels != number {
                answers.kernels = number
                answers.generation += 1
                answers.bytes = [:]
            }
            return (answers.bytes[question], answers.generation)
        }
        if let known { return known }
        let problem = try catalogue.kernel(named: question.kernel)
            .problem(parsing: question.problem)
        let entry = WorkloadEntry(kernel: question.kernel, problem: problem)
        let query = Lookup.Query(
            key: try provider.recordKey(for: entry, target: question.target), problem: problem,
            device: device, compiler: compiler)
        let lookup = try Lookup.find(query, in: store, currentKey: currentKey)
        let answer = try WireFormat.encode(LookupResponse(lookup, of: query))
        answers.withLock { answers in
            // What was read may be older than what has changed meanwhile.
            guard answers.generation == generation else { return }
            if answers.bytes.count >= Self.answerLimit { answers.bytes = [:] }
            answers.bytes[question] = answer
        }
        return answer
    }

    /// Records of one kernel or all, each with whether it holds here and now.
    package func list(kernel: String?) throws -> RecordList {
        RecordList(records: try store.records(kernel: kernel).map(listed))
    }

    private func listed(_ record: TuningRecord) throws -> ListedRecord {
        let query = Lookup.Query(
            key: RecordKey(
                kernel: record.key.kernel, problem: record.key.problem, target: record.key.target,
                device: device.fingerprint),
            problem: record.problem, device: device, compiler: compiler)
        let lookup = Lookup.find(query, in: [record], currentKey: currentKey)
        let answer = LookupResponse(lookup, of: query)
        return ListedRecord(
            record: record, kind: answer.kind,
            explanation: answer.kind == .exact ? nil : answer.explanation)
    }

    /// Nil if the kernel, or the target here, is no more: then nothing can be said of the record.
    private func currentKey(_ record: TuningRecord) -> Fingerprint? {
        let entry = WorkloadEntry(kernel: record.key.kernel, problem: record.problem)
        return try? provider.evaluationKey(
            of: record.configuration, for: entry, target: record.key.target)
    }
}
