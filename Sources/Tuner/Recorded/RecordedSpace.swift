import KernelSpace
import WorkerProtocol

/// What somebody measured of a kernel's search space on a device: a space that can be searched without the device.
///
/// Its search space holds the recorded configurations and no others. Where the recording covers every configuration that its
/// constraints allow, that is the kernel's own space.
public struct RecordedSpace: Sendable {
    /// What came out for one configuration.
    public enum Outcome: Hashable, Sendable {
        /// Seconds a call, and the single run times it was concluded from, where the recording has them.
        case measured(seconds: Double, runTimes: [Double])
        case failed(Failure)
    }
    /// What was recorded, as far as the recording says.
    public struct Origin: Hashable, Sendable {
        public var kernel: String
        /// Its size: `m=512,n=512`, or the sizes joined by `x`.
        public var problem: String
        public var device: String

        public init(kernel: String, problem: String = "", device: String = "") {
            self.kernel = kernel
            self.problem = problem
            self.device = device
        }
    }
    public let origin: Origin
    public let space: SearchSpace
    /// The best configuration, the first of several.
    public let optimum: (number: SearchSpace.Number, seconds: Double)
    /// How many configurations failed.
    public let failureCount: Int
    /// By number.
    private let outcomes: [Outcome]

    /// `constraints` is nil where the recording has none to tell.
    ///
    /// Throws when a configuration is not valid in `parameters` and `constraints`, is recorded twice, or none was measured.
    init(
        origin: Origin, parameters: [Parameter], constraints: [Constraint]?,
        rows: [(configuration: Configuration, outcome: Outcome)], rowName: (Int) -> String
    ) throws {
        self.origin = origin
        space = try Self.space(parameters, constraints, rows.map(\.configuration), rowName)
        var found = [Outcome?](repeating: nil, count: Int(space.count))
        for (index, row) in rows.enumerated() {
            guard let number = space.number(of: row.configuration), found[Int(number)] == nil else {
                throw Malformed("\(row.configuration) was recorded before", place: rowName(index))
            }
            found[Int(number)] = row.outcome
        }
        let outcomes = found.compactMap(\.self)
        precondition(outcomes.count == found.count, "\(found.count - outcomes.count) not recorded")
        self.outcomes = outcomes
        failureCount = outcomes.count { $0.seconds == nil }
        let measured = outcomes.enumerated().compactMap { number, outcome in
            outcome.seconds.map { (number: SearchSpace.Number(number), seconds: $0) }
        }
        guard let optimum = measured.min(by: { $0.seconds < $1.seconds }) else {
            throw Malformed("no configuration has a time: there is nothing to search for")
        }
        self.optimum = optimum
    }

    private static func space(
        _ parameters: [Parameter], _ constraints: [Constraint]?, _ listed: [Configuration],
        _ rowName: (Int) -> String
    ) throws -> SearchSpace {
        let domains = parameters.map { (name: $0.name, values: Set($0.values)) }
        for (index, configuration) in listed.enumerated() {
            for domain in domains {
                guard let value = configuration[domain.name], !domain.values.contains(value) else {
                    continue
                }
                throw Malformed(
                    "\(domain.name) is \(value), which is not among its values",
                    place: rowName(index))
            }
        }
        do {
            guard let constraints else {
                return try SearchSpace(parameters: parameters, listed: listed)
            }
            let valid = try SearchSpace(parameters: parameters, constraints: constraints)
            for (index, configuration) in listed.enumerated()
            where valid.number(of: configuration) == nil {
                throw Malformed(
                    "\(configuration) violates the constraints", place: rowName(index))
            }
            if valid.count == listed.count { return valid }
            return try SearchSpace(
                parameters: parameters, constraints: constraints, listed: listed)
        } catch let error as KernelSpaceError {
            throw Malformed("the search space is wrong: \(error)")
        }
    }

    /// What came out for that configuration.
    public func outcome(of number: SearchSpace.Number) -> Outcome {
        precondition(
            (0..<space.count).contains(number), "configuration \(number) of \(space.count)")
        return outcomes[Int(number)]
    }

    /// Seconds a call; nil for a failure.
    public func seconds(of number: SearchSpace.Number) -> Double? { outcome(of: number).seconds }
}

extension RecordedSpace.Outcome {
    /// Seconds a call; nil for a failure.
    public var seconds: Double? {
        if case .measured(let seconds, _) = self { seconds } else { nil }
    }
}
