import WorkerProtocol

/// Makes the elements of a problem's inputs: each is a function of seed, buffer and place alone, so that any part can be made again.
struct Inputs {
    var seed: UInt64

    /// The value of element `index` (row-major, without padding) of the buffer whose number in the layout is `buffer`.
    @inline(__always)
    static func value<S: Scalar>(_ fill: Fill, key: UInt64, index: Int) -> S {
        switch fill {
        case .constant(let value):
            return S(rounding: value)
        case .uniform(let lower, let upper):
            let random = SplitMix.mix(
                key &+ UInt64(bitPattern: Int64(index)) &* 0x9E37_79B9_7F4A_7C15)
            // 53 random bits: a uniform double in [0, 1).
            return S(rounding: lower + (upper - lower) * (Double(random >> 11) * 0x1p-53))
        }
    }

    func key(buffer: Int) -> UInt64 {
        SplitMix.mix(seed ^ SplitMix.mix(UInt64(buffer) &+ 1))
    }
}

extension BufferLayout {
    /// Elements of a contiguous run along the last axis.
    var runLength: Int { shape.last ?? 1 }
    /// Elements of one row: one index of the first axis.
    var rowWidth: Int { shape.dropFirst().reduce(1, *) }
    var byteCount: Int { elementCount * element.size }

    /// Calls `body` with the number of each run and the place of its first element, ascending, until it returns false.
    func forEachRun(_ body: (_ run: Int, _ offset: Int) -> Bool) {
        let outer = shape.dropLast()
        guard !shape.contains(0) else { return }
        for run in 0..<outer.reduce(1, *) {
            var rest = run
            var offset = 0
            for axis in outer.indices.reversed() {
                offset += rest % shape[axis] * strides[axis]
                rest /= shape[axis]
            }
            guard body(run, offset) else { return }
        }
    }
}
