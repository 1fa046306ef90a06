import KernelSpace

/// Where and on what the trials of one entry of a session were made: by it a kernel's trials are found in every session.
public struct TrialLog: Hashable, Codable, Sendable {
    public var session: String
    public var entry: Int
    /// What a record of the entry is kept under.
    public var key: RecordKey
    public var problem: Problem
    /// For people.
    public var deviceName: String
    /// Build id.
    public var compiler: String

    public init(
        session: String, entry: Int, key: RecordKey, problem: Problem, deviceName: String,
        compiler: String
    ) {
        self.session = session
        self.entry = entry
        self.key = key
        self.problem = problem
        self.deviceName = deviceName
        self.compiler = compiler
    }
}
