/// One size of a kernel: a value for every dimension, in the manifest's order.
public struct Problem: Hashable, Codable, Sendable {
    /// One size.
    public struct Dimension: Hashable, Codable, Sendable {
        /// As the manifest names it.
        public var name: String
        /// At least 0.
        public var value: Int
        /// True if the value is what the manifest computes when none is given.
        public var isDefault: Bool

        /// Takes a value and whether the manifest would compute it.
        public init(name: String, value: Int, isDefault: Bool) {
            self.name = name
            self.value = value
            self.isDefault = isDefault
        }
    }
    /// In the manifest's order, computed ones included.
    public var dimensions: [Dimension]

    /// Takes every dimension in the manifest's order; `Kernel.problem` computes the missing ones.
    public init(dimensions: [Dimension]) { self.dimensions = dimensions }

    /// Value of the dimension of that name, nil if there is none.
    public subscript(name: String) -> Int? { dimensions.first { $0.name == name }?.value }

    /// Every dimension, computed ones included: the text that identities are made of.
    public var canonical: String {
        dimensions.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
    }
}

extension Problem: CustomStringConvertible {
    /// What a person types after `--problem`: `m=512,n=512,k=512`.
    public var description: String {
        dimensions.filter { !$0.isDefault }.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
    }
}

/// A kernel at one size, with how much it matters.
public struct WorkloadEntry: Hashable, Codable, Sendable {
    /// The kernel's name.
    public var kernel: String
    /// Its size.
    public var problem: Problem
    /// How much it matters beside the other entries; 1 if nothing is known.
    public var weight: Double

    /// Takes the kernel by name.
    public init(kernel: String, problem: Problem, weight: Double = 1) {
        self.kernel = kernel
        self.problem = problem
        self.weight = weight
    }
}
