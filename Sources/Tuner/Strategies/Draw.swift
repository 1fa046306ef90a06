/// Draws the numbers 0 ..< count in random order without repetition, in memory that grows with the draws only.
struct Draw: Sendable {
    let count: Int
    private var drawn = 0
    /// A Fisher–Yates shuffle whose untouched positions hold their own index.
    private var moved: [Int: Int] = [:]
    private var generator: SeededGenerator

    init(count: Int, seed: UInt64) {
        self.count = count
        generator = SeededGenerator(seed: seed)
    }

    mutating func next() -> Int? {
        guard drawn < count else { return nil }
        let position = Int.random(in: drawn..<count, using: &generator)
        let value = moved[position] ?? position
        moved[position] = moved[drawn] ?? drawn
        moved[drawn] = nil
        drawn += 1
        return value
    }

    /// The next number that `isTaken` does not refuse.
    mutating func next(unless isTaken: (Int) -> Bool) -> Int? {
        while let value = next() { if !isTaken(value) { return value } }
        return nil
    }
}
