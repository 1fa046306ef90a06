import CProcess
import Glibc

/// What this host offers to keep compilers and kernels from the rest of it.
public struct Isolation: Hashable, Codable, Sendable {
    /// What guards files.
    public enum FileSystem: Hashable, Codable, Sendable {
        /// The kernel's own access rules, by the version of its interface.
        case landlock(version: Int)
        /// Namespaces, made by bubblewrap: where the kernel lacks Landlock.
        case bubblewrap(path: String)
        /// Nothing: children may touch what their user may.
        case none
    }
    /// What guards files.
    public var fileSystem: FileSystem
    /// Whether system calls are filtered (seccomp).
    public var filtersSystemCalls: Bool

    /// Takes what is offered; `ofHost` finds it out.
    public init(fileSystem: FileSystem, filtersSystemCalls: Bool) {
        self.fileSystem = fileSystem
        self.filtersSystemCalls = filtersSystemCalls
    }

    /// What is in force in this process's children.
    public static let ofHost = Isolation(
        fileSystem: bestFileSystem(), filtersSystemCalls: cprocess_filters_system_calls() != 0)

    private static func bestFileSystem() -> FileSystem {
        let version = Int(cprocess_landlock_version())
        if version > 0 { return .landlock(version: version) }
        let places = ["/usr/bin/bwrap", "/usr/local/bin/bwrap"]
        guard let path = places.first(where: { access($0, X_OK) == 0 }) else { return .none }
        return .bubblewrap(path: path)
    }

    /// Whether it leaves something open that another host would shut.
    public var isWhole: Bool { fileSystem != .none && filtersSystemCalls }
}

extension Isolation: CustomStringConvertible {
    /// `landlock (ABI 7) + seccomp`
    public var description: String {
        let files =
            switch fileSystem {
            case .landlock(let version): "landlock (ABI \(version))"
            case .bubblewrap: "bubblewrap"
            case .none: "no guard of files (needs Landlock or bubblewrap)"
            }
        return files + (filtersSystemCalls ? " + seccomp" : ", no filter of system calls")
    }
}
