/// Configurations of a kernel: which are valid, where to start, and how their values reach a variant.
extension Kernel {
    /// The space of valid configurations for a problem on a target and device.
    public func searchSpace(for problem: Problem, target: Target, device: Device)
        throws(KernelSpaceError) -> SearchSpace
    {
        try SearchSpace(
            parameters: parameters, constraints: constraints,
            constants: constants(for: problem, target: target, device: device))
    }

    /// What constraints may read besides parameters: the problem's dimensions and the target's constants.
    public func constants(for problem: Problem, target: Target, device: Device) -> [String: Value] {
        target.constants(on: device).merging(bindings(of: problem)) { own, _ in own }
    }

    /// The author's best for a target, made valid for the problem if need be (the nearest valid configuration); nil if the space is empty.
    ///
    /// Without an entry for the target or `any` it is the first configuration.
    public func defaultConfiguration(for target: Target, in space: SearchSpace) -> Configuration? {
        guard space.count > 0 else { return nil }
        guard let wanted = defaults[target.name] ?? defaults["any"] else { return space[0] }
        return space.nearest(to: wanted).map { space[$0] }
    }

    /// Values of the run-time parameters in manifest order.
    public func arguments(of configuration: Configuration) throws(KernelSpaceError) -> [Int] {
        var arguments: [Int] = []
        for parameter in parameters where !parameter.isSpecialization {
            guard let value = configuration[parameter.name]?.integer else {
                let given = configuration[parameter.name].map { "is \($0)" } ?? "has no value"
                throw KernelSpaceError(
                    .configuration,
                    "\(name): the argument \(parameter.name) \(given) in \(configuration); it must be "
                        + "an integer")
            }
            arguments.append(value)
        }
        return arguments
    }

    /// How many threads enter the variant: the value of the `threads` argument, else 1.
    public func threads(of configuration: Configuration) -> Int {
        let parameter = parameters.first { $0.role == .threads }
        return parameter.flatMap { configuration[$0.name]?.integer } ?? 1
    }

    /// The part of a configuration that changes machine code.
    public func specialization(of configuration: Configuration) -> Configuration {
        let names = Set(parameters.filter(\.isSpecialization).map(\.name))
        return Configuration(configuration.values.filter { names.contains($0.key) })
    }
}
