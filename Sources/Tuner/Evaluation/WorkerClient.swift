#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
import Glibc
import WorkerProtocol

/// Measures candidates of one problem in a worker process, and replaces the worker when a candidate took it down.
///
/// Requests are served one at a time; a second one waits.
package actor WorkerClient {
    /// What a worker says of a candidate that is right.
    package struct Measured: Hashable, Sendable {
        package var verification: Verification
        package var measurement: Measurement
        package var times: WorkerTimes
    }

    /// A whole reference of 10⁹ operations takes a second or two, three of them with the cold copies' gigabyte far less than this.
    private static let prepareSeconds = 120.0
    /// The worker ends its phases itself; this much later it is taken to be unable to.
    private static let graceSeconds = 2.0

    private let executable: String
    private var request: PrepareRequest
    private let folders: String
    private let isolation: Isolation
    private let limits: ProcessLimits
    /// What the reference takes for the tuned problem, in seconds; nil until a worker has prepared it.
    private(set) var referenceSeconds: Double?
    private var worker: WorkerProcess?
    /// Whether the worker was launched for a comparison and cannot verify.
    private var onlyCompares = false
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Starts nothing yet. `executable` is tune-worker's path, see `executablePath`; `folders` is where each worker gets a folder
    /// of its own.
    package init(
        executable: String, request: PrepareRequest, folders: String,
        isolation: Isolation = .ofHost, limits: ProcessLimits = ProcessLimits()
    ) {
        self.executable = executable
        self.request = request
        self.folders = folders
        self.isolation = isolation
        self.limits = limits
    }

    /// tune-worker beside the running executable. Throws TunerError when there is none.
    package static func executablePath() throws(TunerError) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(
            decoding: buffer.prefix(max(count, 0)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        let folder = own.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let path = folder.joined(separator: "/") + "/tune-worker"
        guard access(path, X_OK) == 0 else {
            throw TunerError(
                .worker, "could not find tune-worker at \(path)",
                hint: "it is installed beside the programs that use it")
        }
        return path
    }

    /// Starts the worker now, so that an unusable problem shows before the first candidate.
    ///
    /// Throws TunerError when it does not start or cannot prepare the problem, CancellationError when cancelled.
    package func prepare() async throws {
        await acquire()
        defer { release() }
        if onlyCompares { await discardWorker() }
        _ = try await preparedWorker()
    }

    /// Starts a new worker in place of the one there is, for comparisons only: other pages, other addresses, and no references to compute or
    /// read. The next request but `compare` starts another that verifies.
    ///
    /// Throws as `prepare` does.
    package func launch() async throws {
        await acquire()
        defer { release() }
        // How long calls may take follows from the reference, which a worker that only compares does not have.
        if referenceSeconds == nil { _ = try await preparedWorker() }
        await discardWorker()
        onlyCompares = true
        _ = try await preparedWorker()
    }

    /// Verifies and times a candidate. A failure is the candidate's, except `.infrastructure`.
    ///
    /// Throws CancellationError only; the worker is then stopped and a later request starts another.
    package func measure(_ request: MeasureRequest) async throws -> Result<Measured, Failure> {
        let result: Result<Measured, Failure> = try await perform(
            .measure(request), phase: "measure", seconds: { $0.verifySeconds + $0.measureSeconds }
        ) { body in
            guard case .measured(let verification, let measurement, let times) = body,
                measurement.isPlausible
            else { return nil }
            return Measured(verification: verification, measurement: measurement, times: times)
        }
        if case .success(let measured) = result {
            self.request.seenCallSeconds = min(
                self.request.seenCallSeconds ?? .infinity, measured.times.call)
        }
        return result
    }

    /// Verifies a candidate more thoroughly. A failure is the candidate's, except `.infrastructure`.
    ///
    /// Throws CancellationError only, as `measure` does.
    package func confirm(_ request: ConfirmRequest) async throws -> Result<Verification, Failure> {
        try await perform(
            .confirm(request), phase: "confirm",
            seconds: { $0.confirmSeconds(request.repetitions) }
        ) { body in
            guard case .confirmed(let verification) = body else { return nil }
            return verification
        }
    }

    /// Times candidates that were verified against each other: one measurement each, sample i of all from round i.
    ///
    /// Throws CancellationError only, as `measure` does.
    package func compare(_ request: CompareRequest) async throws -> Result<[Measurement], Failure> {
        let candidates = Double(max(request.candidates.count, 1))
        return try await perform(
            .compare(request), phase: "compare", seconds: { $0.measureSeconds * candidates }
        ) { body in
            guard case .compared(let measurements) = body,
                measurements.count == request.candidates.count,
                measurements.allSatisfy(\.isPlausible)
            else { return nil }
            return measurements
        }
    }

    /// Ends the worker; a later request would start another.
    package func finish() async {
        await acquire()
        defer { release() }
        await discardWorker()
    }

    // MARK: - One request

    private func perform<Value>(
        _ body: WorkerRequest.Body, phase: String, seconds limit: (WorkerLimits) -> Double,
        _ read: (WorkerReply.Body) -> Value?
    ) async throws -> Result<Value, Failure> {
        await acquire()
        defer { release() }
        if onlyCompares, !body.isComparison { await discardWorker() }
        // The second time only after a worker that had ended before it was asked.
        for _ in 0..<2 {
            let answer: WorkerProcess.Answer
            let seconds: Double
            do {
                let worker = try await preparedWorker()
                // Here only what the worker cannot end itself is ended.
                seconds = limit(request.limits.adapted(toCalls: referenceSeconds ?? 0))
                let timeout = WorkerLimits.loadSeconds + seconds + Self.graceSeconds
                answer = try await worker.ask(body, timeout: timeout)
            } catch let error as TunerError {
                return .failure(.infrastructure(message: error.description))
            }
            if case .reply(let reply) = answer {
                if let value = read(reply) { return .success(value) }
                if case .failed(let failure, let reusable) = reply {
                    if !reusable { await discardWorker() }
                    return .failure(failure)
                }
            }
            await discardWorker()
            switch answer {
            case .gone: continue
            case .cancelled: throw CancellationError()
            case .reply:
                return .failure(
                    .misbehaved(
                        message:
                            "it sent a reply that answers something else, "
                            + "or times that are none"
                    ))
            case .garbage(let what):
                return .failure(
                    .misbehaved(message: "it wrote to the worker's reply channel: \(what)"))
            case .overran(let what): return .failure(.misbehaved(message: what))
            case .timedOut: return .failure(.timeout(phase: phase, seconds: seconds))
            case .ended(let exit): return .failure(Self.failure(exit, seconds: seconds))
            }
        }
        return .failure(
            .infrastructure(message: "two workers in a row ended before they were asked anything"))
    }

    /// How a worker's end under a candidate, without a word, is to be read.
    private static func failure(_ exit: ProcessExit, seconds: Double) -> Failure {
        switch exit {
        case .status(let status): .exited(status: status)
        case .signal(Int(SIGXCPU)): .timeout(phase: "processor time", seconds: seconds)
        // It had replaced the handler that tells which.
        case .signal(Int(SIGSYS)): .forbidden(call: "one that it hid")
        case .signal(let signal)
        where [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT].contains(Int32(signal)):
            .crash(signal: signal, address: nil)
        case .signal(let signal): .killed(signal: signal)
        }
    }

    // MARK: - The worker

    private func preparedWorker() async throws -> WorkerProcess {
        try Task.checkCancellation()
        if let worker { return worker }
        let folder = try WorkerFolder(in: folders)
        let references = try referenceFolder()
        let objects = Self.folder(of: request.reference.object)
        var request = request
        request.referenceCache = references
        request.confinement = confinement(folder, objects: objects)
        request.onlyCompares = onlyCompares
        request.referenceSeconds = referenceSeconds
        let started = try await WorkerProcess.start(
            ChildProcess(
                executable: executable, arguments: [], environment: ["TMPDIR": folder.path],
                workingDirectory: folder.path, limits: limits,
                sandbox: sandbox(folder, references: references, objects: objects)), in: folder)
        let answer = try await started.ask(.prepare(request), timeout: Self.prepareSeconds)
        if case .reply(.prepared(let seconds)) = answer {
            worker = started
            referenceSeconds = seconds
            return started
        }
        await started.stop()
        if case .cancelled = answer { throw CancellationError() }
        let problem = request.problem.dimensions.map(String.init).joined(separator: ",")
        throw TunerError(
            .worker, "could not prepare problem \(problem) in \(executable): \(answer)",
            hint: "the kernel's reference or the size of its buffers is the usual reason")
    }

    /// One folder a reference: what its code could do wrong to results then concerns its own.
    private func referenceFolder() throws(TunerError) -> String {
        let name = request.reference.object.split(separator: "/").last ?? "none"
        let folder = request.referenceCache + "/" + name
        for path in [request.referenceCache, folder] where mkdir(path, 0o700) != 0 {
            guard errno == EEXIST else {
                throw TunerError(
                    .storage,
                    "could not make the folder \(path): \(String(cString: strerror(errno)))")
            }
        }
        return folder
    }

    /// While it prepares, a worker may also write results of its reference; bubblewrap cannot take that back later.
    private func sandbox(_ folder: WorkerFolder, references: String, objects: String) -> Sandbox {
        let readable = Sandbox.system + ["/proc", objects]
        if case .landlock = isolation.fileSystem {
            return Sandbox(
                readable: readable, writable: [folder.path, references], isolation: isolation)
        }
        return Sandbox(
            readable: readable + [references], writable: [folder.path], isolation: isolation)
    }

    private func confinement(_ folder: WorkerFolder, objects: String) -> Confinement {
        let usesLandlock = if case .landlock = isolation.fileSystem { true } else { false }
        return Confinement(
            readable: Sandbox.system + [objects], folder: folder.path,
            fileBytes: WorkerFolder.fileByteLimit, usesLandlock: usesLandlock,
            filtersSystemCalls: isolation.filtersSystemCalls)
    }

    private static func folder(of path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/")
    }

    private func discardWorker() async {
        let old = worker
        worker = nil
        onlyCompares = false
        await old?.stop()
    }

    // MARK: - One at a time

    private func acquire() async {
        guard isBusy else {
            isBusy = true
            return
        }
        // Whoever releases hands its turn on, so `isBusy` stays true.
        await withCheckedContinuation { waiting.append($0) }
    }

    private func release() {
        if waiting.isEmpty {
            isBusy = false
        } else {
            waiting.removeFirst().resume()
        }
    }
}
