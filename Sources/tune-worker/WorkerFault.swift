import WorkerProtocol

/// A request that ends in a failure instead of its answer.
struct WorkerFault: Error {
    var failure: Failure
    /// False when this process can no longer be trusted.
    var reusable: Bool

    init(_ failure: Failure, reusable: Bool = true) {
        self.failure = failure
        self.reusable = reusable
    }
}
