import KernelSpace

/// Draws the numbers 0 ..< count in random order without repetition, in memory that grows with the draws only.
struct Draw: Sendable {
    let count: SearchSpace.Number
    private var drawn: SearchSpace.Number = 0
    /// A Fisher–Yates shuffle whose untouched positions hold their own index.
    private var moved: [SearchSpace.Number: SearchSpace.Number] = [:]
    private var generator: SeededGenerator

    init(count: SearchSpace.Number, seed: UInt64) {
        self.count = count
        generator = SeededGenerator(seed: seed)
    }

    mutating func next() -> SearchSpace.Number? {
        guard drawn < count else { return nil }
        let position = SearchSpace.Number.random(in: drawn..<count, using: &generator)
        let value = moved[position] ?? position
        moved[position] = moved[drawn] ?? drawn
        moved[drawn] = nil
        drawn += 1
        return value
    }

    /// The next number that `isTaken` does not refuse.
    mutating func next(unless isTaken: (SearchSpace.Number) -> Bool) -> SearchSpace.Number? {
        while let value = next() { if !isTaken(value) { return value } }
        return nil
    }
}
