import Testing

@testable import KernelSpace

@Suite("Quantities of constraints") struct QuantityTests {
    private static let parameters = [
        Parameter(name: "x", role: .argument, values: [1, 2, 4].map(Value.integer)),
        Parameter(name: "y", role: .argument, values: [3, 5].map(Value.integer)),
        Parameter(name: "kind", role: .argument, values: [.text("a"), .text("b")]),
    ]

    private static func space(_ constraints: String...) throws -> SearchSpace {
        try SearchSpace(
            parameters: parameters,
            constraints: constraints.map { try Constraint($0) },
            constants: ["limit": .integer(8)])
    }

    /// Of the rows x = 1, 2, 4 with y = 3, 5, 3.
    private static func values(_ quantity: Quantity) -> [Double] {
        quantity.values(rows: 3) { $0 == 0 ? [1, 2, 4] : [3, 5, 3] }
    }

    private static let cases: [(constraint: String, expected: [[Double]])] = [
        ("x * y <= 100", [[3, 10, 12]]),
        ("x + y * limit <= 100", [[25, 42, 28]]),
        ("limit * x * y <= 1000 and x // y < 9", [[24, 80, 96], [0, 0, 1]]),
        ("min(x, y) - x ** 2 <= 9", [[0, -2, -13]]),
        ("abs(-x / y) * 2 <= 9", [[2.0 / 3, 4.0 / 5, 8.0 / 3], [-1.0 / 3, -2.0 / 5, -4.0 / 3]]),
        ("max(x, y) + x % y <= 99", [[4, 7, 5]]),
        // One parameter, remainders, truths and texts are none.
        ("x * 2 <= 100 and limit + 1 > 2 and y % x >= 0", []),
        ("kind in ['a', 'b'] and (x < y or y < x)", []),
    ]

    @Test("what a constraint computes from several parameters", arguments: cases)
    func found(constraint: String, expected: [[Double]]) throws {
        let quantities = try Self.space(constraint).quantities
        #expect(quantities.map(Self.values) == expected)
    }

    @Test("one that several constraints compute is found once, its parts too")
    func once() throws {
        let quantities = try Self.space("x * y <= 99", "(x * y) * x <= 999").quantities
        #expect(quantities.map(Self.values) == [[3, 10, 12], [3, 20, 48]])
    }

    @Test("division by zero is not finite and no error")
    func division() throws {
        let quantity = try #require(try Self.space("y == 3 or x / (y - 3) < 99").quantities.first)
        #expect(Self.values(quantity) == [.infinity, 1, .infinity])
    }
}
