import KernelSpace
import Tuner

/// That the daemon answers.
public struct Health: Hashable, Codable, Sendable {
    public var version: String

    public init(version: String) { self.version = version }
}

/// What the daemon is and does now.
public struct Status: Hashable, Codable, Sendable {
    /// The swiftc in use, or why there is none.
    public struct Compiler: Hashable, Codable, Sendable {
        public var path: String?
        /// Identifies the build; part of every evaluation's key.
        public var build: String?
        /// Why the daemon cannot tune, naming the places tried.
        public var problem: String?

        public init(path: String? = nil, build: String? = nil, problem: String? = nil) {
            self.path = path
            self.build = build
            self.problem = problem
        }
    }
    public var version: String
    public var process: Int
    /// Seconds since 1970.
    public var started: Double
    public var socket: String
    public var stateDirectory: String
    /// The folders that kernels are read from.
    public var kernelFolders: [String]
    public var compiler: Compiler
    public var device: Device
    /// What `cpu-native` means here; nil if the device can run no target.
    public var nativeTarget: String?
    public var kernels: Int
    public var rejectedKernels: Int
    public var records: Int
    /// Id of the session that runs.
    public var running: String?
    /// Ids of the sessions that wait, next first.
    public var queued: [String]
    /// Who measures on this host now, if it is not this daemon: text of the measuring lock.
    public var measuringElsewhere: String?

    public init(
        version: String, process: Int, started: Double, socket: String, stateDirectory: String,
        kernelFolders: [String], compiler: Compiler, device: Device, nativeTarget: String?,
        kernels: Int, rejectedKernels: Int, records: Int, running: String?, queued: [String],
        measuringElsewhere: String?
    ) {
        self.version = version
        self.process = process
        self.started = started
        self.socket = socket
        self.stateDirectory = stateDirectory
        self.kernelFolders = kernelFolders
        self.compiler = compiler
        self.device = device
        self.nativeTarget = nativeTarget
        self.kernels = kernels
        self.rejectedKernels = rejectedKernels
        self.records = records
        self.running = running
        self.queued = queued
        self.measuringElsewhere = measuringElsewhere
    }
}

/// A target as seen from the daemon's device.
public struct TargetSummary: Hashable, Codable, Sendable {
    public var name: String
    public var summary: String
    /// CPU features that the device lacks.
    public var missing: [String]
    /// Whether `cpu-native` means this one.
    public var isNative: Bool
    public var runnable: Bool

    public init(_ target: Target, on device: Device, native: String?) {
        name = target.name
        summary = target.summary
        missing = target.missingFeatures(on: device)
        isNative = target.name == native
        runnable = missing.isEmpty
    }
}

/// A strategy that sessions can name.
public struct StrategySummary: Hashable, Codable, Sendable {
    public var name: String
    public var summary: String
    /// Whether sessions that name none use it.
    public var isDefault: Bool

    public init(name: String, summary: String, isDefault: Bool) {
        self.name = name
        self.summary = summary
        self.isDefault = isDefault
    }
}

/// A record, and whether it still holds on the daemon's device.
public struct ListedRecord: Hashable, Codable, Sendable {
    public var record: TuningRecord
    /// `exact`, `stale` or `otherDevice`.
    public var kind: LookupResponse.Kind
    /// Why it no longer holds; nil for `exact`.
    public var explanation: String?

    public init(record: TuningRecord, kind: LookupResponse.Kind, explanation: String?) {
        self.record = record
        self.kind = kind
        self.explanation = explanation
    }
}

/// The best configuration known for what was asked, and how far it can be trusted.
public struct LookupResponse: Hashable, Codable, Sendable {
    /// The cases of `Lookup`, best first.
    public enum Kind: String, Codable, Sendable {
        case exact, stale, nearest, otherDevice, none
    }
    public var kind: Kind
    /// Nil for `none`.
    public var record: TuningRecord?
    /// For `nearest`: distance between the two problems; 1 is one dimension doubled.
    public var distance: Double?
    /// The answer in one sentence.
    public var explanation: String

    public init(_ lookup: Lookup, of query: Lookup.Query) {
        record = lookup.record
        distance = nil
        switch lookup {
        case .exact: kind = .exact
        case .stale: kind = .stale
        case .nearestProblem(_, let distance):
            kind = .nearest
            self.distance = distance
        case .otherDevice: kind = .otherDevice
        case .none: kind = .none
        }
        explanation = lookup.explanation(of: query)
    }
}

// Lists are objects, so that a later version can say more about them.

/// Answer of `Route.targets`, weakest first.
public struct TargetList: Hashable, Codable, Sendable {
    public var targets: [TargetSummary]

    public init(targets: [TargetSummary]) { self.targets = targets }
}

/// Answer of `Route.strategies`.
public struct StrategyList: Hashable, Codable, Sendable {
    public var strategies: [StrategySummary]

    public init(strategies: [StrategySummary]) { self.strategies = strategies }
}

/// Answer of `Route.sessions`, oldest first.
public struct SessionList: Hashable, Codable, Sendable {
    public var sessions: [Session]

    public init(sessions: [Session]) { self.sessions = sessions }
}

/// Answer of `Route.trials`, ordered by entry and number.
public struct TrialList: Hashable, Codable, Sendable {
    public var trials: [Trial]

    public init(trials: [Trial]) { self.trials = trials }
}

/// Answer of `Route.records`, ordered by key.
public struct RecordList: Hashable, Codable, Sendable {
    public var records: [ListedRecord]

    public init(records: [ListedRecord]) { self.records = records }
}
