import KernelSpace
import Tuner
import WorkerProtocol

/// A kernel in a list.
public struct KernelSummary: Hashable, Codable, Sendable {
    /// What `CreateSession` and lookups call it.
    public var name: String
    /// What it computes, in one line.
    public var summary: String
    /// Where its manifest lies.
    public var folder: String
    /// Names of the dimensions that a problem must give.
    public var dimensions: [String]
    /// Names of the parameters that are tuned.
    public var parameters: [String]
    /// What is tuned when no problem is named.
    public var problems: [Problem]

    /// Of a manifest in `folder`.
    public init(_ kernel: Kernel, folder: String) {
        name = kernel.name
        summary = kernel.summary
        self.folder = folder
        dimensions = kernel.dimensions.filter { $0.defaultValue == nil }.map(\.name)
        parameters = kernel.parameters.map(\.name)
        problems = kernel.representativeProblems
    }
}

/// Answer of `Route.kernels`: by name, and what could not be read.
public struct KernelList: Hashable, Codable, Sendable {
    /// A folder whose kernel cannot be used.
    public struct Rejected: Hashable, Codable, Sendable {
        /// The folder of the manifest, or of the kernel path.
        public var folder: String
        /// `file:line:column: what is wrong`
        public var message: String

        /// What is wrong with a folder.
        public init(folder: String, message: String) {
            self.folder = folder
            self.message = message
        }
    }
    /// Kernels that can be tuned, by name.
    public var kernels: [KernelSummary]
    /// By folder.
    public var rejected: [Rejected]

    /// `kernels` by name, `rejected` by folder.
    public init(kernels: [KernelSummary], rejected: [Rejected]) {
        self.kernels = kernels
        self.rejected = rejected
    }

    /// Everything that the daemon read.
    public init(_ catalogue: KernelCatalogue) {
        kernels = catalogue.entries.map { KernelSummary($0.kernel, folder: $0.folder) }
        rejected = catalogue.rejected.map { Rejected(folder: $0.folder, message: $0.message) }
    }
}

/// What a kernel's manifest says, as far as its users care.
public struct KernelDetail: Hashable, Codable, Sendable {
    /// One size of a problem.
    public struct Dimension: Hashable, Codable, Sendable {
        /// As `problem` names it.
        public var name: String
        /// What it counts.
        public var summary: String
        /// Expression for the value when a problem gives none; nil: must be given.
        public var defaultValue: String?
    }
    /// What a list says of it.
    public var kernel: KernelSummary
    /// In the order of the ABI.
    public var dimensions: [Dimension]
    /// In the order that neighbours follow.
    public var parameters: [Parameter]
    /// Expressions that every configuration satisfies.
    public var constraints: [String]
    /// Configurations tried first, by target; `any` serves the rest.
    public var defaults: [String: Configuration]
    /// Whether speed is shown in GFLOP/s (`flops`) or GB/s (`bytes`).
    public var figure: Kernel.Work.Figure
    /// Whether calls find their operands in the caches: `hot`, `cold`, or `cold where` and a condition over dimensions.
    public var cache: String

    /// Of a manifest in `folder`.
    public init(_ kernel: Kernel, folder: String) {
        self.kernel = KernelSummary(kernel, folder: folder)
        dimensions = kernel.dimensions.map {
            Dimension(
                name: $0.name, summary: $0.summary, defaultValue: $0.defaultValue?.source)
        }
        parameters = kernel.parameters
        constraints = kernel.constraints.map { $0.expression.source }
        defaults = kernel.defaults
        figure = kernel.work.figure
        cache = kernel.caching.description
    }
}
