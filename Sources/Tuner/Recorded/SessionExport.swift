import KernelSpace
import WorkerProtocol

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a session did for one entry of its workload, for others to read: T4 results, or the T1 space that was searched.
///
/// T4 was chosen for recordings because the field's tools read it and every single run time fits into it. What it has no place for
/// (parameters, constraints, the failure's details) is in its metadata and in a member `failure`, so that reading it back loses nothing.
public struct SessionExport: Sendable {
    /// A finished trial and when it was committed, in seconds since 1970.
    public typealias DatedTrial = (time: Double, trial: Trial)

    private let session: Session
    private let entry: WorkloadEntry
    private let device: Device
    private let trials: [DatedTrial]
    /// Nil when the kernel is gone, or changed so that trials are no longer valid in its space.
    private let space: T1Space?

    /// `kernel` is nil when the daemon does not know it any more.
    public init(
        session: Session, entry: Int, trials: [DatedTrial], kernel: Kernel?, device: Device
    ) throws {
        self.session = session
        self.entry = session.request.workload[entry]
        self.device = device
        self.trials = trials
        let target = try TunerError.translating { () throws(KernelSpaceError) in
            try Target.resolve(session.request.target, on: device)
        }
        space = kernel.flatMap { [problem = self.entry.problem] in
            // A kernel that does not fit the session any more is like one that is gone.
            try? Self.space(of: $0, problem, target, device, trials)
        }
    }

    private static func space(
        of kernel: Kernel, _ problem: Problem, _ target: Target, _ device: Device,
        _ trials: [DatedTrial]
    ) throws -> T1Space? {
        let space = try kernel.searchSpace(for: problem, target: target, device: device)
        guard trials.allSatisfy({ space.number(of: $0.trial.configuration) != nil }) else {
            return nil
        }
        let constants = kernel.constants(for: problem, target: target, device: device)
        return T1Space(
            parameters: space.parameters,
            constraints: try space.constraints.map {
                try Constraint($0.expression.replacing(constants).source)
            })
    }

    // MARK: T4

    /// The trials in T4, one a line.
    public var t4: String {
        var metadata: [(name: String, value: JSONValue)] = [
            ("timeunit", .text("seconds")), ("kernel", .text(entry.kernel)),
            ("problem", .text(entry.problem.description)),
            ("target", .text(session.request.target)), ("device", .text(device.brand)),
            ("device_fingerprint", .text(device.fingerprint.hex)), ("session", .text(session.id)),
        ]
        if let space { metadata.append(("space", space.json)) }
        let order = space?.parameters.map(\.name)
        let results = trials.map { result($0, order: order).serialized }
        return """
            {"schema_version": "1.0.0",
            "metadata": \(JSONValue(metadata).serialized),
            "results": [
            \(results.joined(separator: ",\n"))
            ]}

            """
    }

    private func result(_ dated: DatedTrial, order: [String]?) -> JSONValue {
        let configuration = dated.trial.configuration
        let names = order ?? configuration.values.keys.sorted()
        let values = names.compactMap { name in
            configuration[name].map { (name: name, value: JSONValue($0)) }
        }
        let date = Date(timeIntervalSince1970: dated.time)
        var members: [(name: String, value: JSONValue)] = [
            ("timestamp", .text(date.ISO8601Format())), ("configuration", JSONValue(values)),
            ("objectives", .array([.text("time")])),
        ]
        switch dated.trial.evaluation.outcome {
        case .measured(let measurement, _):
            let time = JSONValue([
                ("name", .text("time")), ("value", .real(measurement.seconds)),
                ("unit", .text("seconds")),
            ])
            // As comparable as the time itself: samples of trials are minutes apart.
            let runtimes = measurement.samples.map { $0 * (measurement.driftCorrection ?? 1) }
            members += [
                ("times", JSONValue([("runtimes", .array(runtimes.map(JSONValue.real)))])),
                ("invalidity", .text("correct")), ("correctness", .integer(1)),
                ("measurements", .array([time])),
            ]
        case .failed(let failure):
            members += [
                ("times", JSONValue([])), ("invalidity", .text(failure.invalidity.rawValue)),
                ("correctness", .integer(0)), ("failure", JSONValue(encoding: failure)),
            ]
        }
        return JSONValue(members)
    }

    // MARK: T1

    /// The search space in T1. The format describes GPU kernels: global and local size mean nothing here and are 1.
    ///
    /// Throws `.notFound` when the daemon no longer knows the space.
    public func t1() throws -> String {
        guard let space else {
            throw TunerError(
                .notFound,
                "cannot export the space of session \(session.id): the kernel \(entry.kernel) is gone, "
                    + "or changed since", hint: "--format t4 exports the trials")
        }
        let one = JSONValue([("X", .text("1"))])
        let document = JSONValue([
            ("General", JSONValue([("FormatVersion", .integer(1))])),
            ("ConfigurationSpace", space.json),
            (
                "KernelSpecification",
                JSONValue([
                    ("Language", .text("Swift")), ("KernelName", .text(entry.kernel)),
                    ("KernelFile", .text("kernel.yaml")), ("GlobalSize", one), ("LocalSize", one),
                ])
            ),
        ])
        return document.serialized + "\n"
    }
}

extension JSONValue {
    fileprivate init(_ value: Value) {
        switch value {
        case .integer(let value): self = .integer(value)
        case .real(let value): self = .real(value)
        case .text(let value): self = .text(value)
        case .boolean(let value): self = .boolean(value)
        }
    }

    /// What the wire says of a failure. Numbers and text always encode; were they not to, null would say so.
    fileprivate init(encoding failure: Failure) {
        let bytes = (try? JSONEncoder().encode(failure)) ?? Data()
        self = (try? JSONParser.parse(Array(bytes))) ?? .null
    }
}
