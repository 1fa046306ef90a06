import Foundation
import KernelSpace

/// What a model sees of a configuration: numbers whose order means something.
///
/// Every parameter with a choice gives its value index; a whole-number parameter whose values are not all powers of two also
/// its largest power-of-two divisor (alignment: 96 is more like 32 than like 97). Every pair of positive parameters gives
/// its product (a tile's area, a block's size: what costs registers, cache and threads), and so does everything that the
/// constraints compute (`Quantity`). What orders configurations as another feature does is left out.
struct Features: Sendable {
    private enum Feature {
        case index(Int)
        case alignment(Int)
        case product(Int, Int)
        case quantity(Quantity)
    }

    /// Configurations that tell where classes end.
    private static let sampleCount = 1_024

    private let space: SearchSpace
    private let features: [Feature]
    /// How many of the features, the first, are parameters.
    let parameterCount: Int
    /// By parameter and value index; 0 for what is no number.
    private let numbers: [[Double]]
    /// By feature: the highest number of each class but the last.
    private let bounds: [[Double]]
    /// By feature: logarithms of the least and the greatest number; nil for what is not positive, or has two values.
    private let logarithms: [ClosedRange<Double>?]

    var count: Int { features.count }

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
        features += space.quantities.map(Feature.quantity)
        var draw = Draw(count: space.count, seed: 1)
        let sample = (0..<Self.sampleCount).compactMap { _ in draw.next(unless: { _ in false }) }
        var seen: Set<[UInt8]> = []
        var kept: [Feature] = []
        var bounds: [[Double]] = []
        var logarithms: [ClosedRange<Double>?] = []
        let columns = Self.columns(of: sample, space, features, numbers)
        for (position, (feature, column)) in zip(features, columns).enumerated() {
            let own = Self.bounds(of: column)
            let isNew = seen.insert(column.map { Self.classOf($0, own) }).inserted
            guard isNew || position < open.count else { continue }
            kept.append(feature)
            bounds.append(own)
            logarithms.append(Self.logarithms(of: feature, column, numbers))
        }
        self.space = space
        self.features = kept
        self.numbers = numbers
        self.bounds = bounds
        self.logarithms = logarithms
        parameterCount = open.count
    }

    private static func logarithms(
        of feature: Feature, _ column: [Double], _ numbers: [[Double]]
    ) -> ClosedRange<Double>? {
        var column = column
        if case .index(let position) = feature {
            // Of the values that occur: threads are beyond the cores of most machines.
            column = Set(column).map { numbers[position][Int($0)] }
            guard column.count > 2 else { return nil }
        }
        guard let least = column.min(), let greatest = column.max(), least > 0, least < greatest
        else { return nil }
        return log(least)...log(greatest)
    }

    /// Exponent of the largest power of two that divides a whole number; 0 for others.
    private static func alignment(of number: Double) -> Double {
        guard let whole = Int(exactly: number), whole != 0 else { return 0 }
        return Double(whole.trailingZeroBitCount)
    }

    /// One class for each number that occurs; where there are too many, classes of as many numbers each.
    private static func bounds(of column: [Double]) -> [Double] {
        let sorted = Set(column).sorted()
        let count = min(sorted.count, FeatureTable.classLimit)
        return (1..<max(count, 1)).map { sorted[$0 * sorted.count / count - 1] }
    }

    /// One row for each of `configurations`.
    func table(of configurations: [SearchSpace.Number]) -> FeatureTable {
        var table = FeatureTable(rows: configurations.count)
        let columns = Self.columns(of: configurations, space, features, numbers)
        for (column, bounds) in zip(columns, bounds) {
            table.append(column: column.map { Self.classOf($0, bounds) })
        }
        return table
    }

    /// By feature: a number from 0 to 1 for each of `configurations`. Logarithms where there are any, because tiles and blocks grow by
    /// factors; else the class.
    func coordinates(of configurations: [SearchSpace.Number]) -> [[Float]] {
        let columns = Self.columns(of: configurations, space, features, numbers)
        return columns.indices.map { feature in
            guard let range = logarithms[feature] else {
                let highest = Float(max(1, bounds[feature].count))
                return columns[feature].map { Float(Self.classOf($0, bounds[feature])) / highest }
            }
            var column = columns[feature]
            if case .index(let position) = features[feature] {
                column = column.map { numbers[position][Int($0)] }
            }
            let span = range.upperBound - range.lowerBound
            return column.map { number in
                let logarithm = log(max(number, .leastNormalMagnitude))
                return Float(min(max(0, (logarithm - range.lowerBound) / span), 1))
            }
        }
    }

    /// How many of `bounds` the number is above.
    private static func classOf(_ number: Double, _ bounds: [Double]) -> UInt8 {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < number { low = middle + 1 } else { high = middle }
        }
        return UInt8(low)
    }

    private static func columns(
        of configurations: [SearchSpace.Number], _ space: SearchSpace, _ features: [Feature],
        _ numbers: [[Double]]
    ) -> [[Double]] {
        var indices = space.parameters.map { _ in [Int]() }
        var row = [Int](repeating: 0, count: space.parameters.count)
        for number in configurations {
            space.copyIndices(of: number, to: &row)
            for (position, index) in row.enumerated() { indices[position].append(index) }
        }
        let values = zip(numbers, indices).map { numbers, indices in indices.map { numbers[$0] } }
        return features.map { feature in
            switch feature {
            case .index(let position): indices[position].map(Double.init)
            case .alignment(let position): values[position].map(alignment)
            case .product(let first, let second): zip(values[first], values[second]).map(*)
            case .quantity(let quantity):
                quantity.values(rows: configurations.count) { values[$0] }
                    .map { $0.isFinite ? $0 : 0 }
            }
        }
    }
}
