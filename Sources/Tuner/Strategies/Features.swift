import Foundation
import KernelSpace

/// What a model sees of a configuration: numbers whose order means something.
///
/// Every parameter with a choice gives its value index; a whole-number parameter whose values are not all powers of two also
/// its largest power-of-two divisor (alignment: 96 is more like 32 than like 97). Every pair of positive parameters gives
/// the logarithm of its product (a tile's area, a block's size: what costs registers, cache and threads), and so does
/// everything that the constraints compute (`Quantity`).
struct Features: Sendable {
    private enum Feature {
        case index(Int)
        case alignment(Int)
        case product(Int, Int)
        case quantity(Quantity)
    }

    private let features: [Feature]
    /// By parameter and value index; 0 for what is no number.
    private let numbers: [[Double]]

    init(space: SearchSpace) {
        let numbers = space.parameters.map { $0.values.map { $0.number ?? 0 } }
        let open = space.parameters.indices.filter { numbers[$0].count > 1 }
        let positive = open.filter { numbers[$0].count > 2 && numbers[$0].allSatisfy { $0 > 0 } }
        let unaligned = positive.filter {
            numbers[$0].contains { exp2(Self.alignment(of: $0)) != $0 }
        }
        var features = open.map(Feature.index) + unaligned.map(Feature.alignment)
        for (offset, first) in positive.enumerated() {
            features += positive.dropFirst(offset + 1).map { .product(first, $0) }
        }
        self.features = features + space.quantities.map(Feature.quantity)
        self.numbers = numbers
    }

    /// Exponent of the largest power of two that divides a whole number; 0 for others.
    private static func alignment(of number: Double) -> Double {
        guard let whole = Int(exactly: number), whole != 0 else { return 0 }
        return Double(whole.trailingZeroBitCount)
    }

    /// One row of features for each of `configurations`.
    func matrix(of configurations: [SearchSpace.Number], in space: SearchSpace) -> FeatureMatrix {
        var indices = space.parameters.map { _ in [Int]() }
        var row = [Int](repeating: 0, count: space.parameters.count)
        for number in configurations {
            space.copyIndices(of: number, to: &row)
            for (position, index) in row.enumerated() { indices[position].append(index) }
        }
        func column(_ position: Int, _ value: (Double) -> Double = { $0 }) -> [Double] {
            let values = numbers[position].map(value)
            return indices[position].map { values[$0] }
        }
        var matrix = FeatureMatrix(rows: configurations.count)
        for feature in features {
            switch feature {
            case .index(let position): matrix.append(column: indices[position].map(Float.init))
            case .alignment(let position):
                matrix.append(column: column(position, Self.alignment).map(Float.init))
            case .product(let first, let second):
                matrix.append(
                    column: zip(column(first, log2), column(second, log2)).map { Float($0 + $1) })
            case .quantity(let quantity):
                matrix.append(
                    column: quantity.values(rows: configurations.count) { column($0) }
                        .map(Self.compressed))
            }
        }
        return matrix
    }

    /// Signed logarithm: keeps the order and makes a factor a distance.
    private static func compressed(_ value: Double) -> Float {
        guard value.isFinite else { return 0 }
        return Float(value < 0 ? -log2(1 - value) : log2(1 + value))
    }
}

/// Numbers by row and column, a column's side by side: trees read columns.
struct FeatureMatrix: Sendable {
    let rows: Int
    private(set) var columns: Int
    private(set) var values: [Float]

    init(rows: Int) {
        self.rows = rows
        columns = 0
        values = []
    }

    /// These rows, in this order.
    func selecting(rows selected: [Int]) -> FeatureMatrix {
        var result = FeatureMatrix(rows: selected.count)
        for column in 0..<columns {
            result.append(column: selected.map { values[column * rows + $0] })
        }
        return result
    }

    mutating func append(column: [Float]) {
        precondition(column.count == rows)
        values += column
        columns += 1
    }
}
