import KernelSpace

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the records say about one kernel at one problem, for a target on a device: the best answer
/// there is, and how far it can be trusted.
public enum Lookup: Hashable, Codable, Sendable {
    /// Tuned for just this, and nothing that could change the measurement has changed since.
    case exact(TuningRecord)
    /// Tuned for this problem and target on this processor, but what it measured is no more.
    case stale(TuningRecord, changes: [Staleness])
    /// Another problem's record, current, for the same target and device. `distance` is that of the
    /// logarithms of the dimensions, base 2: 1 is one dimension doubled.
    case nearestProblem(TuningRecord, distance: Double)
    /// Tuned for this problem and target, on another processor.
    case otherDevice(TuningRecord)
    case none

    /// Why a record is stale, as far as it tells.
    public enum Staleness: Hashable, Codable, Sendable {
        case compiler(was: String, now: String)
        /// Neither compiler nor device: the kernel's sources or description, the target's flags, or
        /// how tunerd measures.
        case kernel
        /// What differs of one processor: `microcode 0x1 instead of 0x2`.
        case device(String)
        /// There is no current key to compare with: no compiler, or no such kernel any more.
        case unknown
    }

    /// What is asked for, and what is current.
    public struct Query: Hashable, Sendable {
        /// What the exact record would be kept under.
        public var key: RecordKey
        /// The problem that `key` names.
        public var problem: Problem
        /// The device that `key` names.
        public var device: Device
        /// Build id of the compiler in use; nil if none was found.
        public var compiler: String?

        /// `compiler` is nil where none was found; then there is no current key either.
        public init(key: RecordKey, problem: Problem, device: Device, compiler: String?) {
            self.key = key
            self.problem = problem
            self.device = device
            self.compiler = compiler
        }
    }

    /// The record of the answer, whatever it can be trusted with; nil for `none`.
    public var record: TuningRecord? {
        switch self {
        case .exact(let record), .stale(let record, _), .nearestProblem(let record, _),
            .otherDevice(let record):
            record
        case .none: nil
        }
    }

    /// Best answer of `records`, in the order of the cases.
    ///
    /// `currentKey` is what an evaluation of the record's configuration at the record's problem
    /// would be stored under now; nil if that cannot be told. A record is exact or nearest only if
    /// it carries that key.
    public static func find(
        _ query: Query, in records: [TuningRecord],
        currentKey: (TuningRecord) throws -> Fingerprint?
    ) rethrows -> Lookup {
        let candidates = records.filter {
            $0.key.kernel == query.key.kernel && $0.key.target == query.key.target
        }
        let same = candidates.filter { $0.key.problem == query.key.problem }
        if let record = same.first(where: { $0.key == query.key }) {
            let current = try currentKey(record)
            if current == record.evaluation { return .exact(record) }
            return .stale(record, changes: changes(since: record, query, current))
        }
        let (siblings, others) = partition(same) { isSameProcessor($0.device, query.device) }
        if let record = newest(siblings) {
            return .stale(record, changes: changes(since: record, query, nil))
        }
        if let nearest = try nearest(query, in: candidates, currentKey) { return nearest }
        return newest(others).map(Lookup.otherDevice) ?? .none
    }

    /// The same from a store, which is asked for more than one record only if that is not exact.
    public static func find(
        _ query: Query, in store: some RecordStore,
        currentKey: (TuningRecord) throws -> Fingerprint?
    ) throws -> Lookup {
        if let record = try store.record(for: query.key) {
            return try find(query, in: [record], currentKey: currentKey)
        }
        return try find(query, in: store.records(kernel: query.key.kernel), currentKey: currentKey)
    }

    // MARK: Staleness

    private static func changes(
        since record: TuningRecord, _ query: Query, _ current: Fingerprint?
    ) -> [Staleness] {
        var changes = deviceChanges(record.device, query.device).map(Staleness.device)
        if let compiler = query.compiler, compiler != record.compiler {
            changes.append(.compiler(was: record.compiler, now: compiler))
        }
        if changes.isEmpty { changes = [current == nil ? .unknown : .kernel] }
        return changes
    }

    /// Whether a machine with device `a` may be one with device `b` after an update or a new start.
    private static func isSameProcessor(_ a: Device, _ b: Device) -> Bool {
        (a.vendor, a.family, a.model, a.stepping) == (b.vendor, b.family, b.model, b.stepping)
    }

    private static func deviceChanges(_ was: Device, _ now: Device) -> [String] {
        var changes: [String] = []
        func compare(_ name: String, _ was: String, _ now: String) {
            if was != now { changes.append("\(name) \(now) instead of \(was)") }
        }
        compare("microcode", was.microcode, now.microcode)
        compare("cores", "\(was.cores)", "\(now.cores)")
        compare("hypervisor", was.hypervisor ?? "none", now.hypervisor ?? "none")
        compare("brand", was.brand, now.brand)
        if was.caches != now.caches { changes.append("other caches") }
        return changes
    }

    // MARK: Choice

    private static func nearest(
        _ query: Query, in candidates: [TuningRecord],
        _ currentKey: (TuningRecord) throws -> Fingerprint?
    ) rethrows -> Lookup? {
        let byDistance =
            candidates
            .filter { $0.key.device == query.key.device }
            .compactMap { record in
                distance(record.problem, query.problem).map { (record: record, distance: $0) }
            }
            .sorted { ($0.distance, $0.record.key.text) < ($1.distance, $1.record.key.text) }
        for (record, distance) in byDistance where try currentKey(record) == record.evaluation {
            return .nearestProblem(record, distance: distance)
        }
        return nil
    }

    /// Nil for problems whose dimensions are not the same: the kernel's manifest was another one.
    package static func distance(_ a: Problem, _ b: Problem) -> Double? {
        guard a.dimensions.map(\.name) == b.dimensions.map(\.name) else { return nil }
        let squares = zip(a.dimensions, b.dimensions).map { a, b in
            // A dimension may be 0, which has no logarithm; none is negative.
            let steps = log2(Double(max(a.value, 0)) + 1) - log2(Double(max(b.value, 0)) + 1)
            return steps * steps
        }
        return squares.reduce(0, +).squareRoot()
    }

    /// Of equals the one whose key comes first, so that the answer does not hang on the order.
    private static func newest(_ records: [TuningRecord]) -> TuningRecord? {
        records.min { ($1.created, $0.key.text) < ($0.created, $1.key.text) }
    }

    private static func partition(
        _ records: [TuningRecord], _ isFirst: (TuningRecord) -> Bool
    ) -> ([TuningRecord], [TuningRecord]) {
        (records.filter(isFirst), records.filter { !isFirst($0) })
    }
}

extension Lookup {
    /// The answer in one sentence, for people.
    public func explanation(of query: Query) -> String {
        let asked = "\(query.key.kernel) \(query.problem) for \(query.key.target)"
        return switch self {
        case .exact(let record):
            "\(asked) was tuned on this device in \(record.trials) trials; nothing has changed since."
        case .stale(_, let changes):
            "\(asked) was tuned, but the record is stale: "
                + changes.map(\.description).joined(separator: "; ") + "."
        case .nearestProblem(let record, _):
            "\(asked) has not been tuned; \(record.problem) is the nearest tuned on this device."
        case .otherDevice(let record):
            "\(asked) has not been tuned on this device, only on \(record.device.brand)."
        case .none:
            "\(asked) has not been tuned, nor has any problem like it."
        }
    }
}

extension Lookup.Staleness: CustomStringConvertible {
    /// What changed, as part of a sentence.
    public var description: String {
        switch self {
        case .compiler(let was, let now): "the compiler is \(now) instead of \(was)"
        case .kernel:
            "the kernel's sources or description, the target's flags or the measuring have changed"
        case .device(let change): "the device has \(change)"
        case .unknown: "without compiler or kernel it cannot be told whether it still holds"
        }
    }
}
