/// One size of a kernel: a value for every dimension, in the manifest's order.
public struct Problem: Hashable, Codable, Sendable {
    public struct Dimension: Hashable, Codable, Sendable {
        public var name: String
        public var value: Int
        /// True if the value is what the manifest computes when none is given.
        public var isDefault: Bool

        public init(name: String, value: Int, isDefault: Bool) {
            self.name = name
            self.value = value
            self.isDefault = isDefault
        }
    }
    public var dimensions: [Dimension]

    public init(dimensions: [Dimension]) { self.dimensions = dimensions }

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
    public var kernel: String
    public var problem: Problem
    public var weight: Double

    public init(kernel: String, problem: Problem, weight: Double = 1) {
        self.kernel = kernel
        self.problem = problem
        self.weight = weight
    }
}
