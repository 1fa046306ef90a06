import CSIMD
import Glibc
import WorkerProtocol

/// Rows of the outputs as the reference computes them.
struct ReferenceResult {
    /// Elements of one row, all outputs together.
    let rowWidth: Int
    /// What the reference takes for all rows, those that were not computed included.
    let seconds: Double
    /// For each row its place in `values`, in rows, or −1 when it was not computed.
    private let places: [Int]
    private let values: [Double]

    init(rowWidth: Int, rowCount: Int, rows: [Int], entry: ReferenceCache.Entry) {
        self.rowWidth = rowWidth
        seconds = entry.seconds
        values = entry.values
        var places = [Int](repeating: -1, count: rowCount)
        for (place, row) in rows.enumerated() { places[row] = place }
        self.places = places
    }

    /// Nil for a row that was not computed.
    func value(row: Int, column: Int) -> Double? {
        let place = places[row]
        return place < 0 ? nil : values[place * rowWidth + column]
    }
}

/// Computes references, or reads them from the cache that outlives the worker.
struct ReferenceSource {
    /// Every row of a problem with up to this many operations is compared: a naive double-precision reference takes about a second.
    private static let wholeOperations = 1e9
    /// Rows of larger problems: this many random ones and as many at either edge, where tails go wrong.
    private static let randomRows = 64
    private static let edgeRows = 4

    let function: UnsafeMutableRawPointer
    let objectHash: UInt64
    let symbol: String
    let cache: ReferenceCache

    /// `buffers` holds the inputs made from `inputs`.
    func result(for buffers: ProblemBuffers, inputs: Inputs) throws(WorkerFault) -> ReferenceResult
    {
        let outputs = buffers.layout.buffers.filter { $0.role == .output }
        let width = outputs.reduce(0) { $0 + $1.rowWidth }
        let counts = outputs.map { $0.shape.first ?? 1 }
        guard let count = counts.first, counts.allSatisfy({ $0 == count }) else {
            throw WorkerFault(
                .infrastructure(
                    message: "the outputs have \(counts) rows; a reference needs one number for all"
                ))
        }
        let rows = Self.rows(count: count, operations: buffers.layout.operations, seed: inputs.seed)
        let key = ReferenceCache.Key(
            objectHash: objectHash, symbol: symbol, layout: buffers.layout, seed: inputs.seed)
        let size = rows.count * width
        let entry: ReferenceCache.Entry
        if let cached = cache.read(key, count: size) {
            entry = cached
        } else {
            let begin = MonotonicTime.now
            let values = compute(buffers, rows: rows, width: width)
            let share = Double(count) / Double(max(rows.count, 1))
            entry = ReferenceCache.Entry(
                seconds: (MonotonicTime.now - begin) * share, values: values)
            cache.write(key, entry)
        }
        return ReferenceResult(rowWidth: width, rowCount: count, rows: rows, entry: entry)
    }

    private static func rows(count: Int, operations: Double, seed: UInt64) -> [Int] {
        guard operations > wholeOperations, count > randomRows + 2 * edgeRows else {
            return Array(0..<count)
        }
        var chosen = Set(0..<edgeRows).union((count - edgeRows)..<count)
        var generator = SplitMix(seed: seed)
        while chosen.count < randomRows + 2 * edgeRows {
            chosen.insert(Int(generator.next() % UInt64(count)))
        }
        return chosen.sorted()
    }

    private func compute(_ buffers: ProblemBuffers, rows: [Int], width: Int) -> [Double] {
        let call = PreparedCall(
            buffers: buffers.buffers.map(\.start), dimensions: buffers.layout.dimensions)
        typealias Reference =
            @convention(c) (
                UnsafePointer<KernelCall>, Int64, UnsafeMutablePointer<Double>
            ) -> Void
        // dlsym gives a data pointer; POSIX requires that it converts to the function's.
        let reference = unsafeBitCast(function, to: Reference.self)
        var values = [Double](repeating: 0, count: rows.count * width)
        values.withUnsafeMutableBufferPointer { values in
            guard let start = values.baseAddress else { return }
            for (place, row) in rows.enumerated() {
                reference(call.call, Int64(row), start + place * width)
            }
        }
        return values
    }
}
