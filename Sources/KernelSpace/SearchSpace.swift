/// All valid configurations of a kernel for one problem and target: counted, numbered and walked without a list of them.
///
/// Parameters that depend on each other through constraints form a group; a group's combinations are the paths of a
/// counted decision diagram, and configurations are the product of all groups. Configurations are numbered 0 ..< count in
/// lexicographic order of value indices, parameters being compared in the order of `significance`.
public struct SearchSpace: Sendable {
    /// Numbers a configuration; wide, since a space may hold more than 2⁶³ of them.
    public typealias Number = Int128

    /// As declared; value indices stand in this order.
    public let parameters: [Parameter]
    /// What every configuration here satisfies.
    public let constraints: [Constraint]
    /// What names mean in constraints besides parameters.
    let constants: [String: Value]
    /// Number of valid configurations.
    public let count: Number

    /// The groups; none if the space is empty.
    private let diagrams: [SearchSpaceDiagram]
    /// By group: how many configurations there are for each of its combinations among all less significant groups.
    private let strides: [Number]
    private let indexOfValue: [[Value: Int]]

    /// What a space may cost.
    struct Limits: Sendable {
        /// About 1 GiB.
        var edges = 30_000_000
        /// Values and bounds of constraints that are computed: less than a minute of work.
        var steps = 500_000_000
    }

    /// `constants` are the names constraints may use besides parameters: dimensions, `vector_bytes`, `vector_registers`,
    /// `cores`. A constraint that cannot be evaluated for values that no other constraint refuses is an error, not a
    /// rejection: guard it by `and` / `or`. So are more than 2¹²⁷ - 1 configurations, and constraints so entangled that
    /// counting would take minutes or gigabytes.
    public init(
        parameters: [Parameter], constraints: [Constraint], constants: [String: Value] = [:]
    ) throws(KernelSpaceError) {
        try self.init(
            parameters: parameters, constraints: constraints, constants: constants, limits: Limits()
        )
    }

    init(
        parameters: [Parameter], constraints: [Constraint], constants: [String: Value],
        limits: Limits
    ) throws(KernelSpaceError) {
        let indexOfValue = try Self.indices(of: parameters)
        let compiled = try SearchSpaceConditions(
            parameters: parameters, constraints: constraints, constants: constants)
        var diagrams: [SearchSpaceDiagram] = []
        var isEmpty = compiled.isUnsatisfiable
        for group in isEmpty ? [] : compiled.groups() where !isEmpty {
            var builder = SearchSpaceDiagramBuilder(compiled, group: group, limits: limits)
            diagrams.append(try builder.diagram())
            isEmpty = diagrams[diagrams.count - 1].count == 0
        }
        try self.init(parameters, constraints, constants, indexOfValue, isEmpty ? nil : diagrams)
    }

    /// The space of the listed configurations alone; one that is listed twice counts once.
    ///
    /// `constraints` only says what they satisfy. Throws `.configuration` when one has a value outside its parameter's.
    public init(
        parameters: [Parameter], constraints: [Constraint] = [], listed: [Configuration]
    ) throws(KernelSpaceError) {
        let indexOfValue = try Self.indices(of: parameters)
        var rows: Set<[Int]> = []
        for configuration in listed {
            guard let row = Self.indices(of: configuration, parameters, indexOfValue) else {
                throw KernelSpaceError(
                    .configuration, "\(configuration) has a value outside its parameter's")
            }
            rows.insert(row)
        }
        let diagram = try SearchSpaceDiagram(
            rows: rows.sorted { $0.lexicographicallyPrecedes($1) }, width: parameters.count)
        try self.init(parameters, constraints, [:], indexOfValue, rows.isEmpty ? nil : [diagram])
    }

    /// The product of the groups' diagrams; nil makes an empty space.
    private init(
        _ parameters: [Parameter], _ constraints: [Constraint], _ constants: [String: Value],
        _ indexOfValue: [[Value: Int]], _ diagrams: [SearchSpaceDiagram]?
    ) throws(KernelSpaceError) {
        self.parameters = parameters
        self.constraints = constraints
        self.constants = constants
        self.indexOfValue = indexOfValue
        self.diagrams = diagrams ?? []
        var strides: [Number] = []
        var count: Number = diagrams == nil ? 0 : 1
        for diagram in self.diagrams.reversed() {
            strides.append(count)
            let product = count.multipliedReportingOverflow(by: diagram.count)
            guard !product.overflow else { throw Self.tooMany }
            count = product.partialValue
        }
        self.strides = strides.reversed()
        self.count = count
    }

    static var tooMany: KernelSpaceError {
        KernelSpaceError(
            .configuration,
            "the space has more than \(Number.max) valid configurations; shrink the domains or add "
                + "constraints")
    }

    private static func indices(
        of parameters: [Parameter]
    ) throws(KernelSpaceError) -> [[Value: Int]] {
        var indices: [[Value: Int]] = []
        for parameter in parameters {
            guard !parameter.values.isEmpty else {
                throw KernelSpaceError(
                    .configuration, "parameter \(parameter.name) has no values to search")
            }
            let pairs = parameter.values.enumerated().map { ($1, $0) }
            let index = Dictionary(pairs, uniquingKeysWith: { first, _ in first })
            guard index.count == parameter.values.count else {
                throw KernelSpaceError(
                    .configuration, "parameter \(parameter.name) has a value twice")
            }
            indices.append(index)
        }
        return indices
    }

    /// Positions of the parameters from the one that changes most slowly with the number to the fastest. As declared
    /// where constraints let it: parameters of one group stand together, in the order that counts them fastest.
    public var significance: [Int] { diagrams.flatMap { $0.levels.map(\.position) } }

    /// The configuration of that number.
    public subscript(number: Number) -> Configuration {
        var values: [String: Value] = [:]
        for (parameter, index) in zip(parameters, configurationIndices(number)) {
            values[parameter.name] = parameter.values[index]
        }
        return Configuration(values)
    }

    /// The index of each parameter's value within its domain, in the order of `parameters`.
    public func configurationIndices(_ number: Number) -> [Int] {
        var indices = [Int](repeating: 0, count: parameters.count)
        copyIndices(of: number, to: &indices)
        return indices
    }

    /// Writes what `configurationIndices` returns to an array that has as many elements as there are parameters.
    public func copyIndices(of number: Number, to indices: inout [Int]) {
        precondition(
            (0..<count).contains(number), "configuration \(number) of a space of \(count)")
        precondition(
            indices.count == parameters.count,
            "\(indices.count) indices for \(parameters.count) parameters")
        var rest = number
        for (diagram, stride) in zip(diagrams, strides) {
            let (combination, remainder) = SearchSpaceDiagram.divide(rest, by: stride)
            diagram.copyIndices(of: combination, to: &indices)
            rest = remainder
        }
    }

    /// Calls `body` with the value indices of every configuration in order of numbers: far faster than one by one.
    public func forEachIndices(_ body: ([Int]) throws -> Void) rethrows {
        guard count > 0 else { return }
        var indices = [Int](repeating: 0, count: parameters.count)
        try visit(0, &indices, body)
    }

    private func visit(
        _ group: Int, _ indices: inout [Int], _ body: ([Int]) throws -> Void
    ) rethrows {
        guard group < diagrams.count else { return try body(indices) }
        try diagrams[group].forEach(&indices) { try visit(group + 1, &$0, body) }
    }

    /// Its number, or nil if it is not valid here.
    public func number(of configuration: Configuration) -> Number? {
        indices(of: configuration).flatMap(number(ofIndices:))
    }

    /// Number of the configuration with these value indices, in the order of `parameters`, or nil if it is not valid here.
    public func number(ofIndices indices: [Int]) -> Number? {
        guard count > 0, indices.count == parameters.count else { return nil }
        var number: Number = 0
        for (diagram, stride) in zip(diagrams, strides) {
            guard let combination = diagram.number(of: indices) else { return nil }
            number += combination * stride
        }
        return number
    }

    /// Numbers of the valid configurations that differ in one parameter, ascending.
    public func neighbours(of number: Number) -> [Number] {
        let indices = configurationIndices(number)
        var result: [Number] = []
        var rest = number
        for (diagram, stride) in zip(diagrams, strides) {
            let (own, remainder) = SearchSpaceDiagram.divide(rest, by: stride)
            rest = remainder
            for combination in diagram.neighbours(of: indices) {
                result.append(number + (combination - own) * stride)
            }
        }
        return result.sorted()
    }

    /// Number of the valid configuration with the fewest other values than `configuration`'s, among those the one whose value
    /// indices are least far away in sum, among those the first; nil if the space is empty or a value is in no domain.
    public func nearest(to configuration: Configuration) -> Number? {
        guard count > 0, var indices = indices(of: configuration) else { return nil }
        let wanted = indices
        for diagram in diagrams {
            var search = SearchSpaceNearest(diagram, wanted: wanted)
            search.copyIndices(to: &indices)
        }
        return number(ofIndices: indices)
    }

    private func indices(of configuration: Configuration) -> [Int]? {
        Self.indices(of: configuration, parameters, indexOfValue)
    }

    private static func indices(
        of configuration: Configuration, _ parameters: [Parameter], _ indexOfValue: [[Value: Int]]
    ) -> [Int]? {
        guard configuration.values.count == parameters.count else { return nil }
        var indices: [Int] = []
        for (position, parameter) in parameters.enumerated() {
            guard let value = configuration[parameter.name],
                let index = indexOfValue[position][value]
            else { return nil }
            indices.append(index)
        }
        return indices
    }
}
