import Testing
import WorkerProtocol

@testable import KernelSpace

struct SearchSpaceTests {
    /// Every combination of values that satisfies all constraints, without any pruning; in lexicographic order of value
    /// indices, the parameter at the first of these positions being the slowest.
    private func filtered(
        _ parameters: [Parameter], _ constraints: [Constraint], _ constants: [String: Value] = [:],
        significance: [Int]? = nil
    ) throws -> [Configuration] {
        var all: [[String: Value]] = [[:]]
        for position in significance ?? Array(parameters.indices) {
            let parameter = parameters[position]
            all = all.flatMap { prefix in
                parameter.values.map { value in
                    prefix.merging([parameter.name: value]) { first, _ in first }
                }
            }
        }
        return try all.filter { values in
            try constraints.allSatisfy {
                let bindings = values.merging(constants) { first, _ in first }
                return try $0.expression.evaluate(bindings).truth
            }
        }.map(Configuration.init)
    }

    private func integers(_ name: String, _ values: [Int]) -> Parameter {
        Parameter(name: name, role: .argument, values: values.map(Value.integer))
    }

    private static let pool = [
        "p0 <= p1", "p0 * p1 <= limit", "p0 + p1 + p2 != 4", "p2 == 0 or p0 % p2 == 0",
        "p3 in [1, 2, p0]", "not (p0 == p3 and p1 == p2)", "0 < p1 < p3 < 9", "limit > 3",
        "max(p0, p1, p2) - min(p1, p3) < 4", "p2 ** 2 < 10", "p3 / 2 > p0 / 3", "p1 != p1",
        "2 <= p0 * p1 * p2 <= limit * 3", "p0 + p1 + p2 + p3 == limit", "p3 != p0 + p1",
        "(p0 * p1 + p2) * (p3 * p2 + p0) <= 4 * limit", "6 * p3 % (p1 + 1) == 0", "p0 - p3",
        "limit % (p2 + 1) == 0 and p0 >= p3", "p0 == 0 or p1 == 0 or p2 * p3 > limit",
        "p0 // (p3 + 1) <= p1", "abs(p0 - p1) <= 1", "-p2 < p3 - limit", "p1 not in [p2, p3]",
    ]

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `A small space is the filtered product, numbered in its order`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let parameters = (0..<4).map { number in
            integers(
                "p\(number)",
                Array(Array(0...5).shuffled(using: &random).prefix(1 + random.below(5))))
        }
        let constraints = try (0..<random.below(4)).map { _ in
            try Constraint(Self.pool[random.below(Self.pool.count)])
        }
        let constants = ["limit": Value.integer(random.below(12))]
        let space = try SearchSpace(
            parameters: parameters, constraints: constraints, constants: constants)
        let expected = try filtered(
            parameters, constraints, constants,
            significance: space.count == 0 ? nil : space.significance)
        #expect((0..<space.count).map { space[$0] } == expected)
        var visited: [[Int]] = []
        space.forEachIndices { visited.append($0) }
        #expect(visited == (0..<space.count).map { space.configurationIndices($0) })
        for (position, configuration) in expected.enumerated() {
            let number = SearchSpace.Number(position)
            #expect(space.number(of: configuration) == number)
            let indices = space.configurationIndices(number)
            #expect(space.number(ofIndices: indices) == number)
            for (parameter, index) in zip(parameters, indices) {
                #expect(configuration[parameter.name] == parameter.values[index])
            }
            let neighbours: [Int] = expected.indices.filter { other in
                parameters.count { expected[other][$0.name] != configuration[$0.name] } == 1
            }
            #expect(space.neighbours(of: number) == neighbours.map { SearchSpace.Number($0) })
        }
        let valid = Set(expected)
        for configuration in try filtered(parameters, []) where !valid.contains(configuration) {
            #expect(space.number(of: configuration) == nil)
        }
    }

    @Test(arguments: 0..<3000 as Range<UInt64>)
    func `Any constraint means what the expression says, and fails where it fails`(seed: UInt64)
        throws
    {
        var random = SplitMix(seed: seed)
        let parameters = (0..<3).map { number in
            let domain = RandomExpression.domains[random.below(RandomExpression.domains.count)]
            return Parameter(name: "p\(number)", role: .argument, values: domain)
        }
        let source = RandomExpression.text(depth: 1 + random.below(4), &random)
        let constraint = try Constraint(source)
        let expected = Result { try filtered(parameters, [constraint]) }
        let space = Result { try SearchSpace(parameters: parameters, constraints: [constraint]) }
        switch (expected, space) {
        case (.success(let expected), .success(let space)):
            #expect(
                Set((0..<space.count).map { space[$0] }) == Set(expected), "\(source) \(parameters)"
            )
            #expect(space.count == expected.count, "\(source)")
        case (.failure(let expected as KernelSpaceError), .failure(let error as KernelSpaceError)):
            #expect(error.code == expected.code)
            #expect(error.message.contains("has no value for"), "\(error) \(expected)")
            #expect(!error.message.contains("there is none"), "\(error) \(expected)")
        default:
            Issue.record("\(source): \(expected) became \(space) for \(parameters.map(\.values))")
        }
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `The nearest configuration changes the fewest parameters, then moves least`(seed: UInt64)
        throws
    {
        var random = SplitMix(seed: seed)
        let parameters = (0..<4).map { integers("p\($0)", Array(0...random.below(4))) }
        let constraints = try (0..<2).map { _ in
            try Constraint(Self.pool[random.below(Self.pool.count)])
        }
        let space = try SearchSpace(
            parameters: parameters, constraints: constraints, constants: ["limit": .integer(5)])
        for wanted in try filtered(parameters, []) {
            func cost(_ number: SearchSpace.Number) -> [Int] {
                let moves = parameters.map { parameter in
                    abs(
                        (space[number][parameter.name]?.integer ?? 0)
                            - (wanted[parameter.name]?.integer ?? 0))
                }
                return [moves.count { $0 != 0 }, moves.reduce(0, +), Int(number)]
            }
            let best = (0..<space.count).min { cost($0).lexicographicallyPrecedes(cost($1)) }
            #expect(space.nearest(to: wanted) == best)
        }
    }

    @Test func `Samples of numbers are uniform over configurations`() throws {
        var random = SplitMix(seed: 1)
        let parameters = (0..<4).map { integers("p\($0)", Array(0...4)) }
        let space = try SearchSpace(
            parameters: parameters,
            constraints: [
                Constraint("p0 * p1 <= 6"), Constraint("p2 == 0 or p0 % p2 == 0"),
                Constraint("p3 != p0"),
            ])
        var found: [[Int]: Int] = [:]
        let perCell = 200
        for _ in 0..<Int(space.count) * perCell {
            let number = SearchSpace.Number.random(in: 0..<space.count, using: &random)
            found[space.configurationIndices(number), default: 0] += 1
        }
        let cells = try filtered(parameters, space.constraints).count
        #expect(space.count == cells)
        #expect(found.count == cells)
        let square = found.values.reduce(0.0) { sum, count in
            sum + Double((count - perCell) * (count - perCell)) / Double(perCell)
        }
        // Mean and standard deviation of chi-square; beyond four deviations lies one seed in ten thousand.
        let freedom = Double(cells - 1)
        #expect(abs(square - freedom) < 4 * (2 * freedom).squareRoot())
    }

    @Test func `Spaces of Kernel Tuner's benchmarks have the configurations it finds`() throws {
        for definition in SpaceDefinition.all {
            let space = try definition.space()
            #expect(space.count == definition.count, "\(definition.name)")
        }
    }

    @Test func `A space of 2^96 and more is counted, numbered and searched`() throws {
        var random = SplitMix(seed: 3)
        for definition in SpaceDefinition.all where definition.name != "hotspot" {
            let space = try definition.space { $0.count > 1 ? (1...4096).map(Value.integer) : $0 }
            let other = try definition.space { $0.count > 1 ? (1...512).map(Value.integer) : $0 }
            #expect(space.count > other.count)
            for _ in 0..<20 {
                let number = SearchSpace.Number.random(in: 0..<space.count, using: &random)
                let configuration = space[number]
                #expect(space.number(of: configuration) == number)
                #expect(space.nearest(to: configuration) == number)
                for constraint in space.constraints {
                    #expect(try constraint.expression.evaluate(configuration.values).truth)
                }
            }
        }
        let wide = try SearchSpace(
            parameters: (0..<126).map { integers("p\($0)", [0, 1]) },
            constraints: [Constraint("p0 + p125 < 2")])
        #expect(wide.count == 3 << 124)
        #expect(wide.number(of: wide[wide.count - 1]) == wide.count - 1)
        #expect(wide.neighbours(of: 0).count == 126)
    }

    @Test func `A product of sums over wide ranges is counted exactly`() throws {
        let space = try SearchSpace(
            parameters: ["x", "y", "a", "b", "t"].map { integers($0, Array(1...96)) },
            constraints: [
                Constraint("32 <= x * y <= 1024"),
                Constraint("(x * a + t * 2) * (y * b + t * 2) <= 4096"),
            ])
        var expected = 0
        for x in 1...96 {
            for y in 1...96 where (32...1024).contains(x * y) {
                for t in 1...32 {
                    for a in 1...96 {
                        let first = x * a + 2 * t
                        guard first * (y + 2 * t) <= 4096 else { break }
                        expected += min(96, (4096 / first - 2 * t) / y)
                    }
                }
            }
        }
        #expect(space.count == expected)
    }

    @Test func `A constraint over first and last parameter cuts before those between`() throws {
        // 40^8 combinations in declared order; the constraint leaves 1 · 40 of them.
        let parameters = (0..<8).map { integers("p\($0)", Array(0..<40)) }
        let constraints = try
            (["p0 + p7 == 0"] + (1..<7).map { $0 == 3 ? "p3 >= 0" : "p\($0) == p0" })
            .map(Constraint.init)
        let space = try SearchSpace(parameters: parameters, constraints: constraints)
        #expect(space.count == 40)
        #expect((0..<40).map { space.configurationIndices($0)[3] } == Array(0..<40))
        #expect(space.significance == [0, 7, 1, 2, 4, 5, 6, 3])
    }

    @Test func `Values may be text, reals and truths`() throws {
        let parameters = [
            Parameter(name: "order", role: .argument, values: [.text("rows"), .text("columns")]),
            Parameter(name: "share", role: .argument, values: [.real(0.5), .real(1)]),
            Parameter(name: "packed", role: .argument, values: [.boolean(false), .boolean(true)]),
        ]
        let space = try SearchSpace(
            parameters: parameters,
            constraints: [Constraint("order == 'rows' or packed and share < 1")])
        #expect(
            (0..<space.count).map { space[$0].description } == [
                "order=rows,packed=false,share=0.5", "order=rows,packed=true,share=0.5",
                "order=rows,packed=false,share=1.0", "order=rows,packed=true,share=1.0",
                "order=columns,packed=true,share=0.5",
            ])
    }

    @Test func `No parameters make one configuration, a false constant none`() throws {
        let one = try SearchSpace(parameters: [], constraints: [])
        #expect(one.count == 1)
        #expect(one.number(of: Configuration([:])) == 0)
        #expect(one.neighbours(of: 0) == [])
        let none = try SearchSpace(
            parameters: [integers("p", [1, 2])], constraints: [Constraint("cores > 4")],
            constants: ["cores": .integer(2)])
        #expect(none.count == 0)
        #expect(none.nearest(to: Configuration(["p": .integer(1)])) == nil)
    }

    @Test func `A space that cannot be built says why`() throws {
        func message(_ parameters: [Parameter], _ constraints: [String] = []) -> String? {
            #expect(throws: KernelSpaceError.self) {
                try SearchSpace(
                    parameters: parameters, constraints: constraints.map { try Constraint($0) })
            }?.description
        }
        #expect(message([integers("p", [])]) == "parameter p has no values to search")
        #expect(message([integers("p", [1, 1])]) == "parameter p has a value twice")
        #expect(
            message([integers("p", [1])], ["p < cores"])
                == "1:5: constraint \"p < cores\": \"cores\" is neither a parameter nor a constant here"
        )
        #expect(
            message([integers("q", [7]), integers("p", [1, 0])], ["4 % p == 0"])
                == "1:3: constraint \"4 % p == 0\" has no value for p=0: division by zero; guard it "
                + "with \"and\" or \"or\"")
        #expect(
            message((0..<127).map { integers("p\($0)", [0, 1]) })
                == "the space has more than 170141183460469231731687303715884105727 valid "
                + "configurations; shrink the domains or add constraints")
        #expect(
            message(
                [integers("a", [1, 2]), integers("b", [0, 3]), integers("c", [1, 2])],
                ["a + b > 1", "c < 3 or a > 5", "(a - c) % (b - c + 1) == 0"])
                == "1:9: constraint \"(a - c) % (b - c + 1) == 0\" has no value for a=2,b=0,c=1: "
                + "division by zero; guard it with \"and\" or \"or\"")
        func message(limits: SearchSpace.Limits) -> String? {
            #expect(throws: KernelSpaceError.self) {
                try SearchSpace(
                    parameters: (0..<3).map { integers("p\($0)", Array(0..<10)) },
                    constraints: [Constraint("p0 + p1 + p2 < 25")], constants: [:], limits: limits)
            }?.description
        }
        #expect(
            message(limits: .init(edges: 10))
                == "the diagram of the space has more than 10 edges; shrink the domains or constrain "
                + "fewer parameters at a time")
        #expect(
            message(limits: .init(steps: 40))
                == "counting the space took more than 40 steps; its constraints cut too late: shrink "
                + "the domains or constrain fewer parameters at a time")
    }
}
