import KernelSpace
import Tuner

/// That the daemon answers.
public struct Health: Hashable, Codable, Sendable {
    /// Of the daemon's release.
    public var version: String

    /// Of the daemon's release.
    public init(version: String) { self.version = version }
}

/// What the daemon is and does now.
public struct Status: Hashable, Codable, Sendable {
    /// The swiftc in use, or why there is none.
    public struct Compiler: Hashable, Codable, Sendable {
        /// Absolute; nil if none was found.
        public var path: String?
        /// Identifies the build; part of every evaluation's key.
        public var build: String?
        /// Why the daemon cannot tune, naming the places tried.
        public var problem: String?

        /// Either path and build, or the problem.
        public init(path: String? = nil, build: String? = nil, problem: String? = nil) {
            self.path = path
            self.build = build
            self.problem = problem
        }
    }
    /// Of the daemon's release.
    public var version: String
    /// The daemon's process id.
    public var process: Int
    /// Seconds since 1970.
    public var started: Double
    /// Absolute path that it listens at.
    public var socket: String
    /// Where database and compiled objects are.
    public var stateDirectory: String
    /// The folders that kernels are read from.
    public var kernelFolders: [String]
    /// What it tunes with.
    public var compiler: Compiler
    /// What keeps workers and compilers from the rest of the host.
    public var isolation: Isolation
    /// What it tunes on.
    public var device: Device
    /// What `cpu-native` means here; nil if the device can run no target.
    public var nativeTarget: String?
    /// How many can be tuned.
    public var kernels: Int
    /// How many folders hold a kernel that cannot be used.
    public var rejectedKernels: Int
    /// How many are kept, stale ones included.
    public var records: Int
    /// Id of the session that runs.
    public var running: String?
    /// Ids of the sessions that wait, next first.
    public var queued: [String]
    /// Who measures on this host now, if it is not this daemon: text of the measuring lock.
    public var measuringElsewhere: String?

    /// All of it at one moment.
    public init(
        version: String, process: Int, started: Double, socket: String, stateDirectory: String,
        kernelFolders: [String], compiler: Compiler, isolation: Isolation, device: Device,
        nativeTarget: String?, kernels: Int, rejectedKernels: Int, records: Int, running: String?,
        queued: [String],
        measuringElsewhere: String?
    ) {
        self.version = version
        self.process = process
        self.started = started
        self.socket = socket
        self.stateDirectory = stateDirectory
        self.kernelFolders = kernelFolders
        self.compiler = compiler
        self.isolation = isolation
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
    /// What `CreateSession.target` may be.
    public var name: String
    /// Instruction set and vectors, in one line.
    public var summary: String
    /// CPU features that the device lacks.
    public var missing: [String]
    /// Whether `cpu-native` means this one.
    public var isNative: Bool
    /// Whether nothing is missing.
    public var runnable: Bool

    /// `native` is the name of what `cpu-native` means on that device.
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
    /// What `CreateSession.strategy` may be.
    public var name: String
    /// How it chooses, in one line.
    public var summary: String
    /// Whether sessions that name none use it.
    public var isDefault: Bool
    /// What may follow its name: `name:option=value,…`.
    public var options: [StrategyOption]

    /// One of the strategies is the default.
    public init(name: String, summary: String, isDefault: Bool, options: [StrategyOption]) {
        self.options = options
        self.name = name
        self.summary = summary
        self.isDefault = isDefault
    }
}

/// A record, and whether it still holds on the daemon's device.
public struct ListedRecord: Hashable, Codable, Sendable {
    /// As the store has it.
    public var record: TuningRecord
    /// `exact`, `stale` or `otherDevice`.
    public var kind: LookupResponse.Kind
    /// Why it no longer holds; nil for `exact`.
    public var explanation: String?

    /// `explanation` is nil for `exact`.
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
    /// How far the record can be trusted.
    public var kind: Kind
    /// Nil for `none`.
    public var record: TuningRecord?
    /// For `nearest`: distance between the two problems; 1 is one dimension doubled.
    public var distance: Double?
    /// The answer in one sentence.
    public var explanation: String

    /// The answer and the question that its explanation speaks of.
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
    /// Weakest first.
    public var targets: [TargetSummary]

    /// Weakest first.
    public init(targets: [TargetSummary]) { self.targets = targets }
}

/// Answer of `Route.strategies`.
public struct StrategyList: Hashable, Codable, Sendable {
    /// The default one first.
    public var strategies: [StrategySummary]

    /// The default one first.
    public init(strategies: [StrategySummary]) { self.strategies = strategies }

    /// Of this build: as `StrategyDescription.all`.
    public static let all = StrategyList(
        strategies: StrategyDescription.all.enumerated().map { index, strategy in
            StrategySummary(
                name: strategy.name, summary: strategy.summary, isDefault: index == 0,
                options: strategy.options)
        })
}

/// Answer of `Route.sessions`, oldest first.
public struct SessionList: Hashable, Codable, Sendable {
    /// Oldest first.
    public var sessions: [Session]

    /// Oldest first.
    public init(sessions: [Session]) { self.sessions = sessions }
}

/// Answer of `Route.trials`, ordered by entry and number.
public struct TrialList: Hashable, Codable, Sendable {
    /// By entry and number.
    public var trials: [Trial]

    /// By entry and number.
    public init(trials: [Trial]) { self.trials = trials }
}

/// Answer of `Route.records`, ordered by key.
public struct RecordList: Hashable, Codable, Sendable {
    /// By key.
    public var records: [ListedRecord]

    /// By key.
    public init(records: [ListedRecord]) { self.records = records }
}
