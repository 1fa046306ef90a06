import Testing
import WorkerProtocol

@testable import KernelSpace

struct SearchSpaceTests {
    /// Every combination of values in lexicographic order that satisfies all constraints, without any pruning.
    private func filtered(
        _ parameters: [Parameter], _ constraints: [Constraint], _ constants: [String: Value] = [:]
    ) throws -> [Configuration] {
        var all: [[String: Value]] = [[:]]
        for parameter in parameters {
            all = all.flatMap { prefix in
                parameter.values.map { value in
                    prefix.merging([parameter.name: value]) { first, _ in first }
                }
            }
        }
        return try all.filter { values in
            try constraints.allSatisfy {
                let bindings = values.merging(constants) { first, _ in first }
                return try $0.expression.evaluate(bindings) == .boolean(true)
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
    ]

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `A small space is the filtered product, numbered in its order`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let parameters = (0..<4).map { number in
            integers(
                "p\(number)",
                Array(Array(0...5).shuffled(using: &random).prefix(1 + random.below(4))))
        }
        let constraints = try (0..<random.below(4)).map { _ in
            try Constraint(Self.pool[random.below(Self.pool.count)])
        }
        let constants = ["limit": Value.integer(random.below(12))]
        let expected = try filtered(parameters, constraints, constants)
        let space = try SearchSpace(
            parameters: parameters, constraints: constraints, constants: constants)
        #expect((0..<space.count).map { space[$0] } == expected)
        for (position, configuration) in expected.enumerated() {
            let number = SearchSpace.Number(position)
            #expect(space.number(of: configuration) == number)
            let indices = space.configurationIndices(number)
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

    @Test(arguments: 0..<30 as Range<UInt64>)
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

    @Test func `The dedispersion space of Kernel Tuner has its 11,130 configurations`() throws {
        let space = try SearchSpace(
            parameters: [
                integers("block_size_x", [1, 2, 4, 8, 16, 32]),
                integers("block_size_y", Array(stride(from: 32, through: 256, by: 8))),
                integers("block_size_z", [1]), integers("tile_size_x", [1, 2, 3, 4]),
                integers("tile_size_y", Array(1...8)), integers("tile_stride_x", [0, 1]),
                integers("tile_stride_y", [0, 1]), integers("loop_unroll_factor_channel", [0]),
            ],
            constraints: [
                Constraint("32 <= block_size_x * block_size_y <= 1024"),
                Constraint("tile_size_x > 1 or tile_stride_x == 0"),
                Constraint("tile_size_y > 1 or tile_stride_y == 0"),
            ])
        #expect(space.count == 11_130)
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
        let wide = (0..<129).map { integers("p\($0)", [0, 1]) }
        #expect(
            message(wide)?.hasPrefix("the parameters' value indices need more than 128 bits")
                == true)
        func message(limits: SearchSpace.Limits) -> String? {
            #expect(throws: KernelSpaceError.self) {
                try SearchSpace(
                    parameters: (0..<3).map { integers("p\($0)", Array(0..<10)) },
                    constraints: [Constraint("p0 + p1 + p2 < 25")], constants: [:], limits: limits)
            }?.description
        }
        #expect(
            message(limits: .init(configurations: 989))
                == "the space has more than 989 valid configurations; shrink the domains or add "
                + "constraints")
        #expect(
            message(limits: .init(prefixes: 1110))
                == "enumerating the space took more than 1110 steps; its constraints cut too late: "
                + "shrink the domains or constrain fewer parameters at a time")
    }
}
