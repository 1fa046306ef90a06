import WorkerProtocol

/// A manifest: what is computed, on what buffers, with which parameters, and how a result is judged.
public struct Kernel: Sendable {
    /// A size that a problem gives or the manifest computes.
    public struct Dimension: Sendable {
        /// As expressions and problems write it.
        public var name: String
        /// One line for people.
        public var summary: String
        /// Value when a problem gives none; reads earlier dimensions. Nil: must be given.
        public var defaultValue: Expression?
        /// Least value; 0 without one.
        public var minimum: Expression?
    }
    /// Memory that a variant reads or writes.
    public struct Buffer: Sendable {
        /// As reports of wrong elements name it.
        public var name: String
        /// Whether a variant reads it, writes it, or works in it.
        public var role: BufferRole
        /// Scalar type of its elements.
        public var element: ElementType
        /// Over dimensions; for scratch also over parameters.
        public var shape: [Expression]
        /// Elements between neighbours along each axis; empty (row-major without padding) if the manifest has none.
        public var strides: [Expression]
        /// How an input is filled; means nothing for other roles.
        public var fill: Fill
    }
    /// What one call does, for rates.
    public struct Work: Sendable {
        /// Arithmetic operations of one call.
        public var flops: Expression
        /// Bytes that one call must read and write at least.
        public var bytes: Expression
        /// A kind of rate.
        public enum Figure: String, Codable, Sendable, CaseIterable { case flops, bytes }
        /// Which of the two is shown: GFLOP/s or GB/s.
        public var figure: Figure
    }
    /// Where calls find their buffers, in the caches or in memory.
    public enum Caching: Hashable, Sendable, CustomStringConvertible {
        /// The same on every problem.
        case always(CachePolicy)
        /// Cold on problems for which the expression over dimensions is true, hot on others.
        case coldWhere(Expression)

        /// `hot`, `cold` or `cold where m <= 64`
        public var description: String {
            switch self {
            case .always(let policy): policy.rawValue
            case .coldWhere(let condition): "cold where \(condition.source)"
            }
        }
    }
    /// The file that specializes variants, beside the sources in a compile.
    public static let generatedFile = "TunerdVariants.swift"
    /// A Swift file of the kernel or of a folder it uses.
    public struct Source: Hashable, Sendable {
        /// File name, unique in the compile.
        public var name: String
        /// Its whole text.
        public var text: String
        /// Takes a name and the text of the file.
        public init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }

    /// `[a-z][a-z0-9_]*`
    public var name: String
    /// One line for people.
    public var summary: String
    /// In the order of the ABI.
    public var dimensions: [Dimension]
    /// In the order of the ABI.
    public var buffers: [Buffer]
    /// In the order that neighbours and the ABI's arguments follow.
    public var parameters: [Parameter]
    /// What every configuration must satisfy.
    public var constraints: [Constraint]
    /// The generic type; a variant calls `Type<arguments>.run(call, thread)`.
    public var entryType: String
    /// Specialization parameters in the order of the type's generic arguments.
    public var generics: [String]
    /// The type whose `row(call, row, out)` is the reference.
    public var referenceType: String
    /// Over dimensions.
    public var work: Work
    /// A result passes when |x − reference| ≤ absolute + relative · |reference|; over dimensions.
    public var absoluteTolerance: Expression
    /// Over dimensions.
    public var relativeTolerance: Expression
    /// On which problems calls find their buffers in the caches.
    public var caching: Caching
    /// Whether the same inputs give the same bits in every call of a configuration, on any number of threads; checked for winners.
    public var isDeterministic: Bool
    /// Small problems on which each specialization is proved first; at least one.
    public var verifyProblems: [Problem]
    /// What is tuned when nobody names a problem; at least one.
    public var representativeProblems: [Problem]
    /// By target name; `any` serves the rest.
    public var defaults: [String: Configuration]
    /// Sources of variants, `uses:` included; the reference's are apart.
    public var sources: [Source]
    /// What the reference is compiled from, apart from the variants.
    public var referenceSources: [Source]
}
