import WorkerProtocol

/// Buffers and parameters.
extension ManifestReader {
    func buffers(_ node: ManifestNode, sizes: [String], parameters: [String])
        throws(KernelSpaceError) -> [Kernel.Buffer]
    {
        var buffers: [Kernel.Buffer] = []
        for (key, value) in try node.entries(atMost: Bounds.buffers) {
            let name = try key.identifier("buffer")
            let fields = try value.fields(
                ["role", "element", "shape", "strides", "fill"],
                required: ["role", "element", "shape"])
            func field(_ key: String) -> ManifestNode { fields[key] ?? value }
            let role = try field("role").choice(BufferRole.self)
            let element = try field("element").choice(ElementType.self)
            guard role == .input || !element.isBlock else {
                throw field("element").error(
                    "\(element.rawValue) is a type of inputs; this buffer is \(role.rawValue)")
            }
            let shape = try expressions(
                field("shape"), reading: role == .scratch ? sizes + parameters : sizes)
            let strides = try self.strides(
                fields["strides"], role: role, axes: shape.count, sizes: sizes)
            buffers.append(
                Kernel.Buffer(
                    name: name, role: role, element: element, shape: shape, strides: strides,
                    fill: try fill(fields["fill"], of: value, role: role, element: element)))
        }
        guard buffers.contains(where: { $0.role == .output }) else {
            throw node.error("a kernel needs at least one buffer of the role output")
        }
        return buffers
    }

    private func expressions(_ node: ManifestNode, reading names: [String])
        throws(KernelSpaceError) -> [Expression]
    {
        var expressions: [Expression] = []
        for item in try node.items(atMost: Bounds.axes) {
            expressions.append(try item.expression(reading: names))
        }
        guard !expressions.isEmpty else {
            throw node.error("is empty; a buffer has at least one axis, a single value is [1]")
        }
        return expressions
    }

    private func strides(_ node: ManifestNode?, role: BufferRole, axes: Int, sizes: [String])
        throws(KernelSpaceError) -> [Expression]
    {
        guard let node else { return [] }
        guard role != .scratch else { throw node.error("scratch buffers have no strides") }
        let strides = try expressions(node, reading: sizes)
        guard strides.count == axes else {
            throw node.error("has \(strides.count) items for a shape of \(axes)")
        }
        return strides
    }

    private func fill(
        _ node: ManifestNode?, of buffer: ManifestNode, role: BufferRole, element: ElementType
    ) throws(KernelSpaceError) -> Fill {
        guard let node else {
            guard role != .input else {
                throw buffer.error(
                    "the key \"fill\" is missing: {uniform: [-1, 1]} or {constant: 0}")
            }
            return .constant(0)
        }
        guard role == .input else {
            throw node.error("only input buffers are filled; this one is \(role.rawValue)")
        }
        let fields = try node.fields(["uniform", "constant"])
        guard fields.count == 1 else {
            throw node.error("must be either {uniform: [lower, upper]} or {constant: value}")
        }
        if let constant = fields["constant"] {
            return .constant(try number(constant, fits: element))
        }
        let uniform = fields["uniform"] ?? node
        let items = try uniform.items(atMost: 2)
        guard items.count == 2 else { throw uniform.error("must be [lower, upper]") }
        let lower = try number(items[0], fits: element)
        let upper = try number(items[1], fits: element)
        guard lower <= upper else {
            throw uniform.error("the lower bound \(lower) is above the upper bound \(upper)")
        }
        return .uniform(lower: lower, upper: upper)
    }

    /// A number that the element type can hold.
    private func number(_ node: ManifestNode, fits element: ElementType) throws(KernelSpaceError)
        -> Double
    {
        let value = try node.real()
        let range: ClosedRange<Double>
        switch element {
        case .int8: range = -128...127
        case .uint8: range = 0...255
        case .int32: range = -0x1p31...(0x1p31 - 1)
        // A block's values, of which its scale is a small part.
        case .float16, .q8_0, .q4_0: range = -65504...65504
        case .float32, .bfloat16:
            let greatest = Double(Float.greatestFiniteMagnitude)
            range = -greatest...greatest
        case .float64: return value
        }
        guard range.contains(value) else {
            throw node.error("\(value) does not fit \(element.rawValue)")
        }
        return value
    }

    func parameters(_ node: ManifestNode, taken: [String]) throws(KernelSpaceError) -> [Parameter] {
        var parameters: [Parameter] = []
        for (key, value) in try node.entries(atMost: Bounds.parameters) {
            let name = try key.name("parameter", taken: taken + parameters.map(\.name))
            let fields = try value.fields(
                ["specialization", "argument", "element", "values", "summary"], required: ["values"]
            )
            let role = try self.role(value, fields)
            if role == .threads, parameters.contains(where: { $0.role == .threads }) {
                throw value.error("there is an argument of threads already; one is allowed")
            }
            parameters.append(
                Parameter(
                    name: name, role: role, values: try values(fields["values"] ?? value, of: role),
                    summary: try fields["summary"]?.prose() ?? ""))
        }
        return parameters
    }

    private enum Specialization: String, CaseIterable { case integer, vector }
    private enum Argument: String, CaseIterable { case integer, threads }

    private func role(_ node: ManifestNode, _ fields: [String: ManifestNode])
        throws(KernelSpaceError) -> Parameter.Role
    {
        let role: Parameter.Role
        switch (fields["specialization"], fields["argument"]) {
        case (let specialization?, nil):
            if try specialization.choice(Specialization.self) == .vector {
                guard let element = fields["element"] else {
                    throw node.error("the key \"element\" is missing: the type of a vector's lanes")
                }
                let type = try element.choice(ElementType.self)
                let laneTypes = ElementType.allCases.filter(\.hasVectors).map(\.rawValue)
                guard type.hasVectors else {
                    throw element.error(
                        "vectors have no \(type.rawValue) lanes; allowed: \(laneTypes.joined(separator: ", "))"
                    )
                }
                return .vector(element: type)
            }
            role = .integer
        case (nil, let argument?):
            role = try argument.choice(Argument.self) == .threads ? .threads : .argument
        default:
            throw node.error(
                "must have either specialization: integer or vector (part of the machine code), or "
                    + "argument: integer or threads (given at run time)")
        }
        if let element = fields["element"] {
            throw element.error("only specialization: vector has an element")
        }
        return role
    }

    /// Lanes of Swift's SIMD types.
    private static let laneCounts = [2, 4, 8, 16, 32, 64]

    /// A list of distinct integers, or `1..8` for all from 1 to 8.
    private func values(_ node: ManifestNode, of role: Parameter.Role) throws(KernelSpaceError)
        -> [Value]
    {
        var values: [Value] = []
        var seen: Set<Int> = []
        for (integer, place) in try integers(node) {
            guard seen.insert(integer).inserted else {
                throw place.error("the value \(integer) is listed twice")
            }
            if case .vector = role, !Self.laneCounts.contains(integer) {
                throw place.error(
                    "a vector cannot have \(integer) lanes; allowed: 2, 4, 8, 16, 32, 64")
            }
            if role == .threads, integer < 1 {
                throw place.error("\(integer) threads cannot enter a variant; at least 1 must")
            }
            values.append(.integer(integer))
        }
        guard !values.isEmpty else { throw node.error("a parameter needs at least one value") }
        return values
    }

    private func integers(_ node: ManifestNode) throws(KernelSpaceError)
        -> [(value: Int, place: ManifestNode)]
    {
        if case .scalar = node.node {
            let text = try node.text("a list of integers or a range like 1..8")
            let bounds = text.split(separator: ".", omittingEmptySubsequences: false)
            guard bounds.count == 3, bounds[1].isEmpty, let first = Int(bounds[0]),
                let last = Int(bounds[2])
            else {
                throw node.error(
                    "is \"\(text.prefix(60))\", must be a list of integers or a range like 1..8")
            }
            guard first <= last else { throw node.error("the range \(text) is empty") }
            let (span, overflow) = last.subtractingReportingOverflow(first)
            guard !overflow, span < Bounds.valuesOfParameter else {
                throw node.error(
                    "the range \(text) has more than \(Bounds.valuesOfParameter) values")
            }
            return (first...last).map { ($0, node) }
        }
        var integers: [(value: Int, place: ManifestNode)] = []
        for item in try node.items(atMost: Bounds.valuesOfParameter) {
            integers.append((try item.integer(), item))
        }
        return integers
    }
}
