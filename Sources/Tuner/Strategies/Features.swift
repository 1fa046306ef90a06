import Foundation
import KernelSpace

/// What a model sees of a configuration: numbers whose order means something.
///
/// Every parameter with a choice gives its value index; a whole-number parameter whose values are not all powers of two also
/// its largest power-of-two divisor (alignment: 96 is more like 32 than like 97), and every pair of positive parameters
/// the logarithm of its product (a tile's area, a block's size: what costs registers, cache and threads).
struct Features: Sendable {
    private enum Feature {
        case index(Int)
        case alignment(Int)
        case product(Int, Int)
    }

    private let features: [Feature]
    /// By parameter and value index.
    private let logarithms: [[Float]]
    private let alignments: [[Float]]

    init(space: SearchSpace) {
        let numbers = space.parameters.map { $0.values.map(\.number) }
        logarithms = numbers.map { $0.map { Float(log2(max($0 ?? 0, .leastNormalMagnitude))) } }
        alignments = numbers.map { $0.map { Float(Self.alignment(of: $0 ?? 0)) } }
        let open = space.parameters.indices.filter { space.parameters[$0].values.count > 1 }
        let positive = open.filter { position in
            numbers[position].count > 2
                && numbers[position].allSatisfy { $0.map { $0 > 0 } ?? false }
        }
        var features = open.map(Feature.index)
        for position in positive
        where numbers[position].contains(where: { exp2(Double(Self.alignment(of: $0 ?? 0))) != $0 })
        {
            features.append(.alignment(position))
        }
        for (offset, first) in positive.enumerated() {
            for second in positive.dropFirst(offset + 1) {
                features.append(.product(first, second))
            }
        }
        self.features = features
    }

    var count: Int { features.count }

    /// Exponent of the largest power of two that divides a whole number; 0 for others.
    private static func alignment(of number: Double) -> Int {
        guard let whole = Int(exactly: number), whole != 0 else { return 0 }
        return whole.trailingZeroBitCount
    }

    /// One row of features for each of `configurations`.
    func matrix(of configurations: [SearchSpace.Number], in space: SearchSpace) -> FeatureMatrix {
        var matrix = FeatureMatrix(rows: configurations.count, columns: count)
        for (row, number) in configurations.enumerated() {
            let indices = space.configurationIndices(number)
            for (column, feature) in features.enumerated() {
                matrix[row, column] =
                    switch feature {
                    case .index(let p): Float(indices[p])
                    case .alignment(let p): alignments[p][indices[p]]
                    case .product(let p, let q):
                        logarithms[p][indices[p]] + logarithms[q][indices[q]]
                    }
            }
        }
        return matrix
    }
}

/// Numbers by row and column, a column's side by side: trees read columns.
struct FeatureMatrix: Sendable {
    let rows: Int
    private(set) var columns: Int
    private(set) var values: [Float]

    init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        values = Array(repeating: 0, count: rows * columns)
    }

    subscript(row: Int, column: Int) -> Float {
        get { values[column * rows + row] }
        set { values[column * rows + row] = newValue }
    }

    /// These rows, in this order.
    func selecting(rows selected: [Int]) -> FeatureMatrix {
        var result = FeatureMatrix(rows: selected.count, columns: columns)
        for column in 0..<columns {
            for (row, source) in selected.enumerated() {
                result[row, column] = self[source, column]
            }
        }
        return result
    }

    mutating func append(column: [Float]) {
        precondition(column.count == rows)
        values += column
        columns += 1
    }
}

extension Value {
    /// The number, nil for text and truths.
    fileprivate var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .real(let value): value
        case .text, .boolean: nil
        }
    }
}
