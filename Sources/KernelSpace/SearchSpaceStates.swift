/// The distinct states of one level, numbered in order of appearance: what conditions that are still open know of the
/// parameters decided so far. Prefixes with equal states have the same continuations.
struct SearchSpaceStates {
    /// Values a state holds.
    let width: Int
    private(set) var count = 0
    private var values: [ExpressionScalar] = []
    /// Open addressing; state number + 1, 0 for empty.
    private var table = [Int32](repeating: 0, count: 16)

    init(width: Int) { self.width = width }

    /// Value `field` of a state.
    @inline(__always)
    func value(_ state: Int, _ field: Int) -> ExpressionScalar { values[state * width + field] }

    /// Number of the state with these values, a new one if there is none yet.
    mutating func number(of state: [ExpressionScalar]) -> Int32 {
        var slot = Self.hash(state) & (table.count - 1)
        while table[slot] != 0 {
            let number = Int(table[slot]) - 1
            if isEqual(number, state) { return Int32(number) }
            slot = (slot + 1) & (table.count - 1)
        }
        table[slot] = Int32(count + 1)
        values.append(contentsOf: state)
        count += 1
        if count * 2 > table.count { grow() }
        return Int32(count - 1)
    }

    @inline(__always)
    private func isEqual(_ number: Int, _ state: [ExpressionScalar]) -> Bool {
        for field in 0..<width where value(number, field) != state[field] { return false }
        return true
    }

    @inline(__always)
    private static func hash(_ state: some Collection<ExpressionScalar>) -> Int {
        var hash: UInt = 0
        for value in state {
            hash = (hash ^ UInt(bitPattern: value.bits)) &+ UInt(value.kind.rawValue)
            hash = hash &* 0x9e37_79b9_7f4a_7c15
            hash ^= hash >> 32
        }
        return Int(bitPattern: hash)
    }

    private mutating func grow() {
        table = [Int32](repeating: 0, count: table.count * 2)
        for number in 0..<count {
            let state = values[number * width..<(number + 1) * width]
            var slot = Self.hash(state) & (table.count - 1)
            while table[slot] != 0 { slot = (slot + 1) & (table.count - 1) }
            table[slot] = Int32(number + 1)
        }
    }
}
