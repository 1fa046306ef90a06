/// Problems near a tuned one that tiles do not divide.
extension Kernel {
    /// Operations of a tail at most: the reference takes a tenth of a second for so many.
    private static let tailOperations = 2e8

    /// Where blocks, tiles and vectors end differently than in `problem`: every size one more, one less, primes of about half of it,
    /// and a prime smaller than most tiles for each of the first dimensions in turn.
    ///
    /// Large problems are halved first: their tails are those of smaller ones. Sizes that the manifest computes stay computed, but with
    /// the primes are larger by 3, so that rows lie apart. A problem that the manifest does not allow is left out.
    public func tails(of problem: Problem) -> [Problem] {
        let free = problem.dimensions.filter { !$0.isDefault }.map(\.name)
        let sizes = Self.halved(problem.dimensions.filter { !$0.isDefault }.map(\.value)) {
            operations(of: free, $0)
        }
        var tails: [[Int]] = [
            sizes.map { $0 + 1 }, sizes.map { max($0 - 1, 1) },
            sizes.map { Self.prime(atMost: $0 / 2) },
        ]
        for place in sizes.indices.prefix(3) {
            var tail = sizes.map { Self.prime(atMost: $0 * 3 / 4) }
            tail[place] = 3
            tails.append(tail)
        }
        var seen: Set<Problem> = [problem]
        return tails.enumerated().compactMap { number, values in
            tail(free, values, apart: number >= 2)
        }.filter { seen.insert($0).inserted }
    }

    private func tail(_ names: [String], _ sizes: [Int], apart: Bool) -> Problem? {
        var given = Dictionary(zip(names, sizes), uniquingKeysWith: { first, _ in first })
        // What the manifest does not allow is no tail of this kernel.
        guard let plain = try? self.problem(given) else { return nil }
        guard apart else { return plain }
        for dimension in plain.dimensions where dimension.isDefault {
            given[dimension.name] = dimension.value + 3
        }
        return (try? self.problem(given)) ?? plain
    }

    private func operations(of names: [String], _ sizes: [Int]) -> Double {
        guard let problem = tail(names, sizes, apart: false),
            let work = try? work(on: problem)
        else { return 0 }
        return max(work.flops, work.bytes)
    }

    private static func halved(_ sizes: [Int], _ operations: ([Int]) -> Double) -> [Int] {
        var sizes = sizes
        while operations(sizes) > tailOperations, let largest = sizes.max(), largest > 1,
            let place = sizes.firstIndex(of: largest)
        {
            sizes[place] = largest / 2
        }
        return sizes
    }

    /// The largest prime up to `bound`, 2 if there is none.
    private static func prime(atMost bound: Int) -> Int {
        var number = max(bound, 2)
        while !isPrime(number) { number -= 1 }
        return number
    }

    private static func isPrime(_ number: Int) -> Bool {
        var divisor = 2
        while divisor <= number / divisor {
            if number % divisor == 0 { return false }
            divisor += 1
        }
        return true
    }
}
