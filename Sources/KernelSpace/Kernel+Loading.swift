import WorkerProtocol

extension Kernel {
    /// Reads a manifest. `readFile` gives the text of a path relative to the kernel's folder (`kernel.yaml` names its sources) and
    /// `listSwiftFiles` the names of the Swift files of a folder relative to it: the only I/O, done by the caller.
    /// Throws `KernelSpaceError` with file, line and column.
    public init(
        manifest: String, file: String, readFile: (String) throws -> String,
        listSwiftFiles: (String) throws -> [String]
    ) throws(KernelSpaceError) {
        fatalError("replaced by the manifest reader")
    }

    /// A problem from what a person gave; computes defaults, checks minima and unknown or missing names.
    public func problem(_ given: [String: Int]) throws(KernelSpaceError) -> Problem {
        fatalError("replaced")
    }

    /// `m=512,n=512,k=512`
    public func problem(parsing text: String) throws(KernelSpaceError) -> Problem {
        fatalError("replaced")
    }

    /// The space of valid configurations for a problem on a target and device.
    public func searchSpace(for problem: Problem, target: Target, device: Device)
        throws(KernelSpaceError) -> SearchSpace
    {
        fatalError("replaced")
    }

    /// The author's best for a target, made valid for the problem if need be (the nearest valid configuration); nil if the space is empty.
    public func defaultConfiguration(for target: Target, in space: SearchSpace) -> Configuration? {
        fatalError("replaced")
    }

    /// The problem in numbers; scratch buffers have count 0 here (see `scratch`).
    public func layout(of problem: Problem) throws(KernelSpaceError) -> ProblemLayout {
        fatalError("replaced")
    }

    /// Element counts of the scratch buffers of `configuration` on `problem`, in manifest order.
    public func scratch(of configuration: Configuration, on problem: Problem)
        throws(KernelSpaceError) -> [Int]
    {
        fatalError("replaced")
    }

    /// Values of the run-time parameters in manifest order.
    public func arguments(of configuration: Configuration) throws(KernelSpaceError) -> [Int] {
        fatalError("replaced")
    }

    /// How many threads enter the variant: the value of the `threads` argument, else 1.
    public func threads(of configuration: Configuration) -> Int { fatalError("replaced") }

    /// The part of a configuration that changes machine code.
    public func specialization(of configuration: Configuration) -> Configuration {
        fatalError("replaced")
    }

    /// Flops and bytes of one call.
    public func work(on problem: Problem) throws(KernelSpaceError) -> (flops: Double, bytes: Double)
    {
        fatalError("replaced")
    }

    /// Hash of what could change an evaluation: sources (shared ones included), entry, buffers, fills, reference, tolerance, cache policy,
    /// verify problems. Domains, constraints, summary and defaults are not in it.
    public var fingerprint: Fingerprint { fatalError("replaced") }
}
