import WorkerProtocol

/// A manifest: what is computed, on what buffers, with which parameters, and how a result is judged.
public struct Kernel: Sendable {
    public struct Dimension: Sendable {
        public var name: String
        public var summary: String
        /// Value when a problem gives none; reads earlier dimensions. Nil: must be given.
        public var defaultValue: Expression?
        /// Least value; 0 without one.
        public var minimum: Expression?
    }
    public struct Buffer: Sendable {
        public var name: String
        public var role: BufferRole
        public var element: ElementType
        /// Over dimensions; for scratch also over parameters.
        public var shape: [Expression]
        /// Elements between neighbours along each axis; empty (row-major without padding) if the manifest has none.
        public var strides: [Expression]
        public var fill: Fill
    }
    public struct Work: Sendable {
        /// Arithmetic operations of one call.
        public var flops: Expression
        /// Bytes that one call must read and write at least.
        public var bytes: Expression
        public enum Figure: String, Codable, Sendable, CaseIterable { case flops, bytes }
        /// Which of the two is shown: GFLOP/s or GB/s.
        public var figure: Figure
    }
    /// A Swift file of the kernel or of a folder it uses.
    public struct Source: Hashable, Sendable {
        /// File name, unique in the compile.
        public var name: String
        public var text: String
        public init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }

    public var name: String
    public var summary: String
    public var dimensions: [Dimension]
    public var buffers: [Buffer]
    public var parameters: [Parameter]
    public var constraints: [Constraint]
    /// The generic type; a variant calls `Type<arguments>.run(call, thread)`.
    public var entryType: String
    /// Specialization parameters in the order of the type's generic arguments.
    public var generics: [String]
    /// The type whose `row(call, row, out)` is the reference.
    public var referenceType: String
    public var work: Work
    public var absoluteTolerance: Expression
    public var relativeTolerance: Expression
    public var cachePolicy: CachePolicy
    public var verifyProblems: [Problem]
    public var representativeProblems: [Problem]
    /// By target name; `any` serves the rest.
    public var defaults: [String: Configuration]
    /// Sources of variants, `uses:` included; the reference's are apart.
    public var sources: [Source]
    public var referenceSources: [Source]
}
