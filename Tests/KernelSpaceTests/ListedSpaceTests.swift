import KernelSpace
import Testing

@Suite struct ListedSpaceTests {
    private static let parameters = [
        Parameter(name: "a", role: .argument, values: [3, 1, 2].map(Value.integer)),
        Parameter(name: "b", role: .argument, values: ["x", "y"].map(Value.text)),
    ]

    @Test(
        "the list of every subset of a small space is a space with the same numbers and neighbours")
    func subsets() throws {
        let all = try SearchSpace(parameters: Self.parameters, constraints: [])
        for subset in 0..<(1 << Int(all.count)) {
            let chosen = (0..<all.count).filter { subset >> Int($0) & 1 == 1 }
            // Listed backwards and twice: neither matters.
            let listed = (chosen.reversed() + chosen).map { all[$0] }
            let space = try SearchSpace(parameters: Self.parameters, listed: listed)
            #expect(space.count == SearchSpace.Number(chosen.count))
            for (number, original) in chosen.enumerated() {
                let number = SearchSpace.Number(number)
                #expect(space[number] == all[original])
                #expect(space.number(of: all[original]) == number)
                let neighbours = space.neighbours(of: number).map { space[$0] }
                let expected = all.neighbours(of: original).filter(chosen.contains).map { all[$0] }
                #expect(neighbours == expected)
            }
            for other in 0..<all.count where !chosen.contains(other) {
                #expect(space.number(of: all[other]) == nil)
            }
        }
    }

    @Test("a listed value outside its parameter's is refused by name")
    func outside() throws {
        let error = try #require(throws: KernelSpaceError.self) {
            try SearchSpace(
                parameters: Self.parameters,
                listed: [Configuration(["a": .integer(9), "b": .text("x")])])
        }
        #expect(error.message.contains("a=9,b=x"))
    }
}
