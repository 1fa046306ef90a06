import WorkerProtocol

/// What verifies and times the candidates of one problem: a worker, or in tests what stands for one.
///
/// A candidate's failure is a value; an error is the lane's own: it could not be started, or the task was cancelled.
protocol MeasuringLane: Sendable {
    /// Makes the problem ready, unless it is.
    func prepare() async throws
    /// Starts anew, for a comparison: with other pages and addresses, and nothing to verify by.
    func launch() async throws
    func measure(_ request: MeasureRequest) async throws -> Result<WorkerClient.Measured, Failure>
    func confirm(_ request: ConfirmRequest) async throws -> Result<Verification, Failure>
    func compare(_ request: CompareRequest) async throws -> Result<[Measurement], Failure>
    func finish() async
}

extension WorkerClient: MeasuringLane {}
