/// Features by row and column, as classes in the order of their numbers: trees ask for order alone.
///
/// For every class of a column there is the set of rows up to it, as bits: sorting all rows by a threshold is one pass over words.
struct FeatureTable: Sendable {
    /// Most classes of a column.
    static let classLimit = 64

    let rows: Int
    private(set) var columns = 0
    /// Words of a set of rows.
    let words: Int
    /// By column and row.
    private var classes: [UInt8] = []
    /// By column and class: the rows up to that class.
    private(set) var sets: [UInt64] = []
    /// By column: where its sets begin.
    private(set) var firstSet: [Int] = []

    init(rows: Int) {
        self.rows = rows
        words = (rows + 63) / 64
    }

    subscript(row: Int, column: Int) -> UInt8 { classes[column * rows + row] }

    /// Adds a column of one class a row, each below `classLimit`.
    mutating func append(column: [UInt8]) {
        precondition(column.count == rows)
        let first = sets.count
        firstSet.append(first)
        columns += 1
        classes += column
        let count = Int(column.max() ?? 0) + 1
        precondition(count <= Self.classLimit)
        sets += Array(repeating: 0, count: count * words)
        sets.withUnsafeMutableBufferPointer { sets in
            for (row, own) in column.enumerated() {
                sets[first + Int(own) * words + row / 64] |= 1 << UInt64(row % 64)
            }
            for word in first + words..<max(first + words, sets.count) {
                sets[word] |= sets[word - words]
            }
        }
    }
}
