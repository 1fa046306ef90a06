/// All valid configurations of a kernel for one problem and target.
///
/// Configurations are numbered 0 ..< count in lexicographic order of value indices (first parameter slowest).
public struct SearchSpace: Sendable {
    /// Numbers a configuration; wide, since a space may hold more than 2⁶³ of them.
    public typealias Number = Int128

    /// In the order of value indices, the first being the slowest.
    public let parameters: [Parameter]
    /// What every configuration here satisfies.
    public let constraints: [Constraint]

    /// The value indices of configuration i as bit fields, the first parameter's highest: ascending keys are ascending
    /// numbers, so a binary search finds a configuration's number without an index beside the keys.
    private var keys: [UInt128]
    private let fields: [Field]
    private let indexOfValue: [[Value: Int]]

    /// Where a parameter's value index lies in a key.
    struct Field: Sendable {
        var shift: Int
        var mask: UInt128

        func index(in key: UInt128) -> Int { Int((key >> shift) & mask) }
        func key(_ key: UInt128, with index: Int) -> UInt128 {
            (key & ~(mask << shift)) | (UInt128(index) << shift)
        }
    }

    /// What a space may cost.
    struct Limits: Sendable {
        /// 160 MB of keys.
        var configurations = 10_000_000
        /// Prefixes that the enumeration tests: about a minute of work.
        var prefixes = 500_000_000
    }

    /// `constants` are the names constraints may use besides parameters: dimensions, `vector_bytes`, `vector_registers`, `cores`.
    /// Prunes prefixes: a constraint is tested as soon as its last parameter has a value. A constraint that cannot be evaluated
    /// for some values is an error, not a rejection: guard it by `and` / `or`.
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
        self.parameters = parameters
        self.constraints = constraints
        indexOfValue = try Self.indexOfValue(in: parameters)
        fields = try Self.fields(of: parameters)
        var enumeration = try SearchSpaceEnumeration(
            parameters: parameters, fields: fields, constraints: constraints, constants: constants,
            limits: limits)
        keys = try enumeration.keys()
    }

    /// The space of the listed configurations alone; one that is listed twice counts once.
    ///
    /// `constraints` only says what they satisfy. Throws `.configuration` when one has a value outside its parameter's.
    public init(
        parameters: [Parameter], constraints: [Constraint] = [], listed: [Configuration]
    ) throws(KernelSpaceError) {
        self.parameters = parameters
        self.constraints = constraints
        indexOfValue = try Self.indexOfValue(in: parameters)
        fields = try Self.fields(of: parameters)
        keys = []
        var listedKeys: Set<UInt128> = []
        for configuration in listed {
            guard let key = key(of: configuration) else {
                throw KernelSpaceError(
                    .configuration, "\(configuration) has a value outside its parameter's")
            }
            listedKeys.insert(key)
        }
        keys = listedKeys.sorted()
    }

    private static func indexOfValue(in parameters: [Parameter]) throws(KernelSpaceError)
        -> [[Value: Int]]
    {
        var indexOfValue: [[Value: Int]] = []
        for parameter in parameters {
            guard !parameter.values.isEmpty else {
                throw KernelSpaceError(
                    .configuration, "parameter \(parameter.name) has no values to search")
            }
            let pairs = parameter.values.enumerated().map { ($1, $0) }
            indexOfValue.append(Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
            guard indexOfValue[indexOfValue.count - 1].count == parameter.values.count else {
                throw KernelSpaceError(
                    .configuration, "parameter \(parameter.name) has a value twice")
            }
        }
        return indexOfValue
    }

    private static func fields(of parameters: [Parameter]) throws(KernelSpaceError) -> [Field] {
        var shift = 0
        var fields: [Field] = []
        for parameter in parameters.reversed() {
            let bits = Int.bitWidth - (parameter.values.count - 1).leadingZeroBitCount
            guard shift + bits <= UInt128.bitWidth else {
                throw KernelSpaceError(
                    .configuration,
                    "the parameters' value indices need more than \(UInt128.bitWidth) bits; "
                        + "use fewer parameters or values")
            }
            fields.append(Field(shift: shift, mask: (UInt128(1) << bits) &- 1))
            shift += bits
        }
        return fields.reversed()
    }

    /// Number of valid configurations.
    public var count: Number { Number(keys.count) }

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
        precondition(
            (0..<count).contains(number), "configuration \(number) of a space of \(count)")
        let key = keys[Int(number)]
        return fields.map { $0.index(in: key) }
    }

    /// Its number, or nil if it is not valid here.
    public func number(of configuration: Configuration) -> Number? {
        key(of: configuration).flatMap(number(ofKey:))
    }

    /// Number of the configuration with these value indices, in the order of `parameters`, or nil if it is not valid here.
    public func number(ofIndices indices: [Int]) -> Number? {
        guard indices.count == parameters.count else { return nil }
        var key: UInt128 = 0
        for (position, index) in indices.enumerated() {
            guard parameters[position].values.indices.contains(index) else { return nil }
            key = fields[position].key(key, with: index)
        }
        return number(ofKey: key)
    }

    /// Numbers of the valid configurations that differ in one parameter, ascending.
    public func neighbours(of number: Number) -> [Number] {
        precondition(
            (0..<count).contains(number), "configuration \(number) of a space of \(count)")
        let key = keys[Int(number)]
        var result: [Number] = []
        for (field, parameter) in zip(fields, parameters) {
            let own = field.index(in: key)
            for index in parameter.values.indices where index != own {
                if let neighbour = self.number(ofKey: field.key(key, with: index)) {
                    result.append(neighbour)
                }
            }
        }
        return result.sorted()
    }

    /// Number of the valid configuration with the fewest other values than `configuration`'s, among those the one whose value
    /// indices are least far away in sum, among those the first; nil if the space is empty or a value is in no domain.
    public func nearest(to configuration: Configuration) -> Number? {
        guard let wanted = key(of: configuration) else { return nil }
        if let number = number(ofKey: wanted) { return number }
        let indices = fields.map { $0.index(in: wanted) }
        var best: (number: Int, changed: Int, distance: Int)?
        for (number, key) in keys.enumerated() {
            var changed = 0
            var distance = 0
            for (field, index) in zip(fields, indices) {
                let difference = abs(field.index(in: key) - index)
                changed += difference == 0 ? 0 : 1
                distance += difference
            }
            if let best, (best.changed, best.distance) <= (changed, distance) { continue }
            best = (number, changed, distance)
        }
        return best.map { Number($0.number) }
    }

    private func key(of configuration: Configuration) -> UInt128? {
        guard configuration.values.count == parameters.count else { return nil }
        var key: UInt128 = 0
        for (position, parameter) in parameters.enumerated() {
            guard let value = configuration[parameter.name],
                let index = indexOfValue[position][value]
            else { return nil }
            key = fields[position].key(key, with: index)
        }
        return key
    }

    private func number(ofKey key: UInt128) -> Number? {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low < keys.count && keys[low] == key ? Number(low) : nil
    }
}
