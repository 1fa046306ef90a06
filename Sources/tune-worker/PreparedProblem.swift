import CProcess
import Glibc
import WorkerProtocol

/// Everything a PrepareRequest asks for, in memory: buffers, inputs, references.
final class PreparedProblem {
    /// A problem in one placement with its reference. Both placements share inputs and reference.
    struct Check {
        let buffers: ProblemBuffers
        let reference: ReferenceResult
    }

    let request: PrepareRequest
    /// Two a verify problem, in the request's order.
    let checks: [[Check]]
    /// The tuned problem, placed as an allocation is for a program that uses the kernel.
    let tuned: Check
    /// The reference of the tuned problem for the fresh inputs.
    let freshReference: ReferenceResult
    /// What the reference takes for the tuned problem.
    var referenceSeconds: Double { tuned.reference.seconds }
    let inputs: Inputs
    /// Inputs that a variant has never seen when it is called with them at the end of its measurement.
    let freshInputs: Inputs
    let copies: BufferCopies

    init(_ request: PrepareRequest, objects: inout LoadedObjects) throws(WorkerFault) {
        self.request = request
        inputs = Inputs(seed: request.seed)
        freshInputs = Inputs(seed: SplitMix.mix(request.seed ^ 0xF5E5_4F5E_54F5_E54F))
        if request.onlyCompares {
            let nothing = ReferenceResult(
                rowWidth: 0, rowCount: 0, rows: [],
                entry: .init(seconds: request.referenceSeconds ?? 0, values: []))
            let buffers = try ProblemBuffers(layout: request.problem, placement: .allocated)
            buffers.fill(inputs)
            checks = []
            freshReference = nothing
            tuned = Check(buffers: buffers, reference: nothing)
            copies = try Self.copies(of: buffers, request.cachePolicy)
            return
        }
        guard let object = FileBytes.read(request.reference.object) else {
            throw WorkerFault(
                .infrastructure(message: "could not read \(request.reference.object)"))
        }
        let source = ReferenceSource(
            function: try objects.address(of: request.reference),
            objectHash: ContentHash.of(object), symbol: request.reference.symbol,
            cache: ReferenceCache(folder: request.referenceCache))

        var checks: [[Check]] = []
        for layout in request.verifyProblems {
            let front = try ProblemBuffers(layout: layout, placement: .front)
            let rear = try ProblemBuffers(layout: layout, placement: .rear)
            front.fill(inputs)
            let reference = try source.result(for: front, inputs: inputs)
            // The rear first: an overrun, the commoner mistake, then faults at its very byte.
            checks.append([rear, front].map { Check(buffers: $0, reference: reference) })
        }
        self.checks = checks

        let buffers = try ProblemBuffers(layout: request.problem, placement: .allocated)
        buffers.fill(freshInputs)
        freshReference = try source.result(for: buffers, inputs: freshInputs)
        buffers.fill(inputs)
        tuned = Check(
            buffers: buffers, reference: try source.result(for: buffers, inputs: inputs))
        copies = try Self.copies(of: buffers, request.cachePolicy)
    }

    private static func copies(of buffers: ProblemBuffers, _ policy: CachePolicy)
        throws(WorkerFault) -> BufferCopies
    {
        switch policy {
        case .hot: BufferCopies(hot: buffers)
        case .cold: try BufferCopies(cold: buffers)
        }
    }
}
