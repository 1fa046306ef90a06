import Glibc
import WorkerProtocol

/// Every buffer of one problem, allocated in one placement, filled and checked.
///
/// What touches each element is specialized: called through witness tables, verifying a 512³ product takes three times as long.
final class ProblemBuffers {
    let layout: ProblemLayout
    /// Dimensions, joined by commas: what failures call the problem.
    let name: String
    let pattern: PoisonPattern
    private let placement: Placement
    /// In the layout's order; scratch belongs to a candidate and is empty between candidates.
    private(set) var buffers: [GuardedBuffer]

    /// Throws `.outOfMemory` as a WorkerFault.
    init(layout: ProblemLayout, placement: Placement) throws(WorkerFault) {
        self.layout = layout
        self.placement = placement
        name = layout.dimensions.map(String.init).joined(separator: ",")
        pattern = placement == .rear ? .second : .first
        buffers = []
        for buffer in layout.buffers {
            buffers.append(try allocate(buffer, elements: buffer.role == .scratch ? 0 : nil))
        }
    }

    /// Gives every scratch buffer its size, in elements, in the layout's order of scratch buffers.
    func allocateScratch(_ elements: [Int]) throws(WorkerFault) {
        let indices = layout.buffers.indices.filter { layout.buffers[$0].role == .scratch }
        guard indices.count == elements.count else {
            throw WorkerFault(
                .infrastructure(
                    message: "the request has \(elements.count) scratch sizes for problem \(name), "
                        + "whose layout has \(indices.count) scratch buffers"))
        }
        for (index, count) in zip(indices, elements) {
            buffers[index] = try allocate(layout.buffers[index], elements: count)
            poison(layout.buffers[index].element.scalar, index: index, count: count)
        }
    }

    func releaseScratch() throws(WorkerFault) {
        let indices = layout.buffers.indices.filter { layout.buffers[$0].role == .scratch }
        try allocateScratch(indices.map { _ in 0 })
    }

    private func allocate(_ buffer: BufferLayout, elements: Int?) throws(WorkerFault)
        -> GuardedBuffer
    {
        let count = elements ?? buffer.elementCount
        let (bytes, overflow) = count.multipliedReportingOverflow(by: buffer.element.size)
        guard !overflow, count >= 0,
            let memory = GuardedBuffer(
                byteCount: bytes, placement: placement, problem: name, name: buffer.name)
        else { throw WorkerFault(.outOfMemory(limit: overflow ? .max : bytes)) }
        return memory
    }

    /// Fills inputs from the seed and poisons outputs and padding.
    func fill(_ inputs: Inputs) {
        for buffer in buffers { buffer.writeCanary() }
        for (index, buffer) in layout.buffers.enumerated() where buffer.role != .scratch {
            fill(buffer.element.scalar, buffer, index: index, key: inputs.key(buffer: index))
        }
    }

    func poisonOutputs() {
        for (index, buffer) in layout.buffers.enumerated() where buffer.role == .output {
            poison(buffer.element.scalar, index: index, count: buffer.elementCount)
        }
    }

    private func elements<S: Scalar>(_: S.Type, index: Int) -> UnsafeMutablePointer<S> {
        buffers[index].start.assumingMemoryBound(to: S.self)
    }

    @_specialize(where S == Float)
    @_specialize(where S == Double)
    @_specialize(where S == Int8)
    @_specialize(where S == UInt8)
    @_specialize(where S == Int32)
    @_specialize(where S == Float16)
    @_specialize(where S == BFloat16)
    private func poison<S: Scalar>(_ type: S.Type, index: Int, count: Int) {
        elements(type, index: index).update(repeating: S.poison(pattern), count: count)
    }

    @_specialize(where S == Float)
    @_specialize(where S == Double)
    @_specialize(where S == Int8)
    @_specialize(where S == UInt8)
    @_specialize(where S == Int32)
    @_specialize(where S == Float16)
    @_specialize(where S == BFloat16)
    @_specialize(where S == BlockQ8)
    @_specialize(where S == BlockQ4)
    private func fill<S: Scalar>(_ type: S.Type, _ buffer: BufferLayout, index: Int, key: UInt64) {
        poison(type, index: index, count: buffer.elementCount)
        guard buffer.role == .input else { return }
        let elements = elements(type, index: index)
        let length = buffer.runLength
        buffer.forEachRun { run, offset in
            for column in 0..<length {
                elements[offset + column] = Inputs.value(
                    buffer.fill, key: key, index: run * length + column)
            }
            return true
        }
    }

    // MARK: - Checks after a call

    /// Everything a call must leave alone: inputs, padding, what lies around the buffers.
    func checkUntouched(_ inputs: Inputs) -> Failure? {
        for (index, buffer) in layout.buffers.enumerated() {
            if let byte = buffers[index].firstBrokenCanary() {
                let size = buffer.element.size
                return overwritten(buffer, at: byte >= 0 ? byte / size : (byte - size + 1) / size)
            }
            guard buffer.role != .scratch else { continue }
            let found = firstTouched(
                buffer.element.scalar, buffer, index: index, key: inputs.key(buffer: index))
            if let found { return overwritten(buffer, at: found) }
        }
        return nil
    }

    private func overwritten(_ buffer: BufferLayout, at index: Int) -> Failure {
        .overwritten(problem: name, buffer: buffer.name, index: index)
    }

    @_specialize(where S == Float)
    @_specialize(where S == Double)
    @_specialize(where S == Int8)
    @_specialize(where S == UInt8)
    @_specialize(where S == Int32)
    @_specialize(where S == Float16)
    @_specialize(where S == BFloat16)
    @_specialize(where S == BlockQ8)
    @_specialize(where S == BlockQ4)
    private func firstTouched<S: Scalar>(
        _ type: S.Type, _ buffer: BufferLayout, index: Int, key: UInt64
    ) -> Int? {
        let elements = elements(type, index: index)
        let length = buffer.runLength
        let padding = S.poison(pattern)
        var found: Int?
        var at = 0
        buffer.forEachRun { run, offset in
            while at < offset {
                guard elements[at].hasSameBits(as: padding) else {
                    found = at
                    return false
                }
                at += 1
            }
            at = offset + length
            guard buffer.role == .input else { return true }
            for column in 0..<length {
                let expected: S = Inputs.value(
                    buffer.fill, key: key, index: run * length + column)
                guard elements[offset + column].hasSameBits(as: expected) else {
                    found = offset + column
                    return false
                }
            }
            return true
        }
        return found
    }

    /// Compares the outputs with the reference, adding to `comparison`; the first wrong or unwritten element, or nil.
    func compareOutputs(with reference: ReferenceResult, _ comparison: inout Comparison)
        -> Failure?
    {
        var column = 0
        for (index, buffer) in layout.buffers.enumerated() where buffer.role == .output {
            let failure = compare(
                buffer.element.scalar, buffer, index: index, reference: reference, column: column,
                &comparison)
            if let failure { return failure }
            column += buffer.rowWidth
        }
        return nil
    }

    /// The bytes of every output, padding included, to be compared with those of another call.
    func outputs() -> [[UInt8]] {
        zip(layout.buffers, buffers).filter { $0.0.role == .output }.map { layout, buffer in
            Array(UnsafeRawBufferPointer(start: buffer.start, count: layout.byteCount))
        }
    }

    /// The first output element whose bits are not those of `earlier`, or nil.
    func firstDifference(from earlier: [[UInt8]]) -> Failure? {
        let outputs = layout.buffers.indices.filter { layout.buffers[$0].role == .output }
        for (index, bytes) in zip(outputs, earlier) {
            let buffer = layout.buffers[index]
            let now = UnsafeRawBufferPointer(start: buffers[index].start, count: bytes.count)
            guard let byte = bytes.indices.first(where: { bytes[$0] != now[$0] }) else { continue }
            let place = byte / buffer.element.size
            let before = bytes.withUnsafeBytes { Self.text(buffer.element.scalar, $0, place) }
            return .nondeterministic(
                problem: name, buffer: buffer.name, index: place, value: before,
                again: Self.text(buffer.element.scalar, now, place))
        }
        return nil
    }

    private static func text<S: Scalar>(
        _: S.Type, _ bytes: UnsafeRawBufferPointer, _ place: Int
    ) -> String {
        let size = MemoryLayout<S>.size
        return "\(bytes.loadUnaligned(fromByteOffset: place * size, as: S.self).double)"
    }

    /// Hash of the outputs' bits, padding left out.
    func outputHash() -> UInt64 {
        var hash: UInt64 = 0
        for (index, buffer) in layout.buffers.enumerated() where buffer.role == .output {
            let bytes = UnsafeRawBufferPointer(
                start: buffers[index].start, count: buffer.byteCount)
            let size = buffer.element.size
            buffer.forEachRun { _, offset in
                let run = bytes[offset * size..<(offset + buffer.runLength) * size]
                hash = ContentHash.of(UnsafeRawBufferPointer(rebasing: run), after: hash)
                return true
            }
        }
        return hash
    }

    /// `column` is where this output's elements begin in a row of the reference.
    @_specialize(where S == Float)
    @_specialize(where S == Double)
    @_specialize(where S == Int8)
    @_specialize(where S == UInt8)
    @_specialize(where S == Int32)
    @_specialize(where S == Float16)
    @_specialize(where S == BFloat16)
    private func compare<S: Scalar>(
        _ type: S.Type, _ buffer: BufferLayout, index: Int, reference: ReferenceResult, column: Int,
        _ comparison: inout Comparison
    ) -> Failure? {
        let elements = elements(type, index: index)
        let length = buffer.runLength
        let width = buffer.rowWidth
        let poison = S.poison(pattern)
        var result = comparison
        var failure: Failure?
        buffer.forEachRun { run, offset in
            for place in 0..<length {
                let logical = run * length + place
                let row = width == length ? run : logical / width
                let expected = reference.value(
                    row: row, column: column + logical - row * width)
                let value = elements[offset + place]
                let passes = expected.map { result.add(value, expected: $0) } ?? true
                let isPoison = value.hasSameBits(as: poison)
                if isPoison && (S.poisonIsUnmistakable || !passes) {
                    failure = .unwritten(
                        problem: name, buffer: buffer.name, index: offset + place)
                    return false
                }
                if !passes, let expected {
                    failure = .wrongResult(
                        problem: name, buffer: buffer.name, index: offset + place,
                        value: "\(value.double)", expected: "\(expected)")
                    return false
                }
            }
            return true
        }
        comparison = result
        return failure
    }
}

/// How far results are from their reference, over the elements added.
struct Comparison {
    let absolute: Double
    let relative: Double
    private(set) var worstShare = 0.0
    private(set) var maximumULPs = 0.0
    private(set) var count = 0
    private var errorSquares = 0.0
    private var referenceSquares = 0.0

    init(_ layout: ProblemLayout) {
        absolute = layout.absoluteTolerance
        relative = layout.relativeTolerance
    }

    /// ‖x − reference‖ / ‖reference‖; of a reference that is all zero, ‖x‖.
    var relativeErrorNorm: Double {
        let error = errorSquares.squareRoot()
        return referenceSquares > 0 ? error / referenceSquares.squareRoot() : error
    }

    /// Whether the value passes.
    @inline(__always)
    mutating func add<S: Scalar>(_ element: S, expected: Double) -> Bool {
        count += 1
        let value = element.double
        // Equal infinities, and the NaN that a reference really has, pass.
        if value == expected || (value.isNaN && expected.isNaN) {
            if expected.isFinite { referenceSquares += expected * expected }
            return true
        }
        let error = (value - expected).magnitude
        let allowed = absolute + relative * expected.magnitude
        guard error <= allowed, error.isFinite else { return false }
        worstShare = max(worstShare, error / allowed)
        maximumULPs = max(maximumULPs, error / spacing(S.self, at: expected.magnitude))
        errorSquares += error * error
        referenceSquares += expected * expected
        return true
    }

    /// The unit of `maximumULPs`; see Verification. No type can meet a relative tolerance finer than its own grain.
    @inline(__always)
    private func spacing<S: Scalar>(_: S.Type, at magnitude: Double) -> Double {
        let grain = max(relative, S.epsilon)
        return S.spacing(at: grain > 0 ? max(magnitude, absolute / grain) : magnitude)
    }
}
