import WorkerProtocol
import Yams

/// Turns the text of a manifest into a kernel; every error has file, line and column.
struct ManifestReader {
    let file: String
    let readFile: (String) throws -> String
    let listSwiftFiles: (String) throws -> [String]

    private static let keys = [
        "kernel", "summary", "source", "uses", "entry", "reference", "dimensions", "buffers",
        "parameters", "constraints", "work", "tolerance", "cache", "deterministic",
        "verify", "problems", "defaults",
    ]
    private static let requiredKeys = [
        "kernel", "entry", "reference", "dimensions", "buffers", "parameters", "work", "tolerance",
        "verify", "problems",
    ]

    func kernel(_ manifest: String) throws(KernelSpaceError) -> Kernel {
        let root = try compose(manifest)
        let fields = try root.fields(Self.keys, required: Self.requiredKeys)
        func field(_ key: String) -> ManifestNode { fields[key] ?? root }

        let dimensions = try self.dimensions(field("dimensions"))
        let sizes = dimensions.map(\.name)
        let parameters = try self.parameters(field("parameters"), taken: sizes)
        let entry = try self.entry(field("entry"), parameters: parameters)
        let reference = try self.reference(field("reference"))
        let tolerance = try field("tolerance").fields(
            ["absolute", "relative"], required: ["absolute", "relative"])
        let sources = try self.sources(
            uses: fields["uses"], entry: field("entry"), reference: reference.node)
        var kernel = Kernel(
            name: try kernelName(field("kernel")), summary: try fields["summary"]?.prose() ?? "",
            dimensions: dimensions,
            buffers: try buffers(
                field("buffers"), sizes: sizes, parameters: parameters.map(\.name)),
            parameters: parameters,
            constraints: try constraints(
                fields["constraints"], names: parameters.map(\.name) + sizes + Target.constantNames),
            entryType: entry.type, generics: entry.generics, referenceType: reference.type,
            work: try work(field("work"), sizes: sizes),
            absoluteTolerance: try (tolerance["absolute"] ?? root).expression(reading: sizes),
            relativeTolerance: try (tolerance["relative"] ?? root).expression(reading: sizes),
            caching: try caching(fields["cache"], sizes: sizes),
            isDeterministic: try fields["deterministic"]?.truth() ?? false,
            verifyProblems: [], representativeProblems: [],
            defaults: try defaults(fields["defaults"], parameters: parameters),
            sources: sources.variants, referenceSources: [sources.reference])
        try fields["source"].map { citation throws(KernelSpaceError) in _ = try citation.prose() }
        kernel.verifyProblems = try problems(field("verify"), of: kernel)
        kernel.representativeProblems = try problems(field("problems"), of: kernel)
        return kernel
    }

    private func kernelName(_ node: ManifestNode) throws(KernelSpaceError) -> String {
        let name = try node.text("a name of the form [a-z][a-z0-9_]*")
        guard isIdentifier(name), name.first != "_", !name.contains(where: \.isUppercase) else {
            throw node.error(
                "\"\(name.prefix(60))\" is no name for a kernel, which has the form [a-z][a-z0-9_]*, "
                    + "at most 64 characters")
        }
        return name
    }

    private func dimensions(_ node: ManifestNode) throws(KernelSpaceError) -> [Kernel.Dimension] {
        var dimensions: [Kernel.Dimension] = []
        for (key, value) in try node.entries(atMost: Bounds.dimensions) {
            let earlier = dimensions.map(\.name)
            let name = try key.name("dimension", taken: earlier)
            let fields = try value.fields(["summary", "default", "minimum"])
            dimensions.append(
                Kernel.Dimension(
                    name: name, summary: try fields["summary"]?.prose() ?? "",
                    defaultValue: try fields["default"]?.expression(reading: earlier),
                    minimum: try fields["minimum"]?.expression(reading: earlier)))
        }
        guard !dimensions.isEmpty else { throw node.error("a kernel needs at least one dimension") }
        return dimensions
    }

    private func entry(_ node: ManifestNode, parameters: [Parameter]) throws(KernelSpaceError)
        -> (type: String, generics: [String])
    {
        let fields = try node.fields(["type", "generics"], required: ["type", "generics"])
        let specializations = parameters.filter(\.isSpecialization).map(\.name)
        var generics: [String] = []
        let list = fields["generics"] ?? node
        for item in try list.items(atMost: Bounds.parameters) {
            let name = try item.text("a specialization parameter")
            guard specializations.contains(name) else {
                throw item.error(
                    parameters.contains { $0.name == name }
                        ? "\"\(name)\" is an argument, not a specialization; generic arguments are "
                            + "specializations"
                        : unknown("parameter", name, allowed: specializations))
            }
            guard !generics.contains(name) else {
                throw item.error("\"\(name)\" is listed twice")
            }
            generics.append(name)
        }
        for name in specializations where !generics.contains(name) {
            throw list.error(
                "the specialization \"\(name)\" is missing; list every one in the type's order")
        }
        return (try (fields["type"] ?? node).identifier("type"), generics)
    }

    private func reference(_ node: ManifestNode) throws(KernelSpaceError)
        -> (node: ManifestNode, type: String)
    {
        let fields = try node.fields(["file", "type"], required: ["file", "type"])
        return (fields["file"] ?? node, try (fields["type"] ?? node).identifier("type"))
    }

    private func work(_ node: ManifestNode, sizes: [String]) throws(KernelSpaceError) -> Kernel.Work
    {
        let fields = try node.fields(["flops", "bytes", "figure"], required: ["flops", "bytes"])
        return Kernel.Work(
            flops: try (fields["flops"] ?? node).expression(reading: sizes),
            bytes: try (fields["bytes"] ?? node).expression(reading: sizes),
            figure: try fields["figure"]?.choice(Kernel.Work.Figure.self) ?? .flops)
    }

    /// `hot`, `cold` or `{cold: condition}`.
    private func caching(_ node: ManifestNode?, sizes: [String]) throws(KernelSpaceError)
        -> Kernel.Caching
    {
        guard let node else { return .always(.hot) }
        guard node.isMapping else { return .always(try node.choice(CachePolicy.self)) }
        let fields = try node.fields(["cold"], required: ["cold"])
        return .coldWhere(try (fields["cold"] ?? node).expression(reading: sizes))
    }

    private func constraints(_ node: ManifestNode?, names: [String]) throws(KernelSpaceError)
        -> [Constraint]
    {
        guard let node else { return [] }
        var constraints: [Constraint] = []
        for item in try node.items(atMost: Bounds.constraints) {
            constraints.append(try Constraint(item.expression(reading: names).source))
        }
        return constraints
    }

    private func defaults(_ node: ManifestNode?, parameters: [Parameter]) throws(KernelSpaceError)
        -> [String: Configuration]
    {
        guard let node else { return [:] }
        let targets = Target.all.map(\.name) + ["any"]
        var defaults: [String: Configuration] = [:]
        for (key, value) in try node.entries(atMost: Bounds.entries) {
            let target = try key.text("a target")
            guard targets.contains(target) else {
                throw key.error(unknown("target", target, allowed: targets))
            }
            let names = parameters.map(\.name)
            var values: [String: Value] = [:]
            for (name, field) in try value.fields(names, required: names) {
                let integer = Value.integer(try field.integer())
                guard let parameter = parameters.first(where: { $0.name == name }),
                    parameter.values.contains(integer)
                else { throw field.error("\(integer) is not among the values of \(name)") }
                values[name] = integer
            }
            defaults[target] = Configuration(values)
        }
        return defaults
    }

    /// Problems that `kernel` accepts, can lay out and knows the caches of.
    private func problems(_ node: ManifestNode, of kernel: Kernel) throws(KernelSpaceError)
        -> [Problem]
    {
        var problems: [Problem] = []
        for item in try node.items(atMost: Bounds.problems) {
            var given: [String: Int] = [:]
            for (name, field) in try item.fields(kernel.dimensions.map(\.name)) {
                given[name] = try field.integer()
            }
            do throws(KernelSpaceError) {
                let problem = try kernel.problem(given)
                _ = try kernel.layout(of: problem)
                _ = try kernel.cachePolicy(on: problem)
                guard !problems.contains(problem) else {
                    throw KernelSpaceError(.problem, "the problem is listed twice")
                }
                problems.append(problem)
            } catch {
                throw item.error(error.message)
            }
        }
        guard !problems.isEmpty else { throw node.error("at least one problem is needed") }
        return problems
    }
}
