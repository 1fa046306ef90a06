import KernelSpace
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Modules of kernels' sources, half a megabyte each, for as long as the process lives. Made anew by each process, in one or two
/// seconds, so that none can be damaged or stale.
final class KernelModules: Sendable {
    /// Of every module; they differ by their folders.
    static let name = "TunerdKernel"
    /// Kernels and targets; beyond it the oldest module goes. Each edit of a kernel's sources makes one.
    private static let limit = 100

    /// What is known of a unit's sources.
    enum Entry {
        case module(inFolder: String)
        /// They are to be compiled with every call.
        case unusable
    }

    private struct State {
        var entries: [Fingerprint: Entry] = [:]
        /// Oldest first.
        var modules: [Fingerprint] = []
    }

    private let folder: String
    private let state = Mutex(State())

    /// `folder` is private, and empty.
    init(folder: String) { self.folder = folder }

    func entry(of unit: CompileUnit) -> Entry? { state.withLock { $0.entries[unit.key] } }

    /// Moves the module at `path` to a folder of its own, which is returned.
    func add(_ path: String, of unit: CompileUnit) throws(TunerError) -> String {
        let place = self.place(unit.key)
        try ObjectCache.makePrivateFolder(place)
        let file = place + "/\(Self.name).swiftmodule"
        guard rename(path, file) == 0 else {
            throw TunerError(.storage, "cannot move a compiled module to \(file)")
        }
        let oldest = state.withLock { state -> Fingerprint? in
            state.entries[unit.key] = .module(inFolder: place)
            state.modules.removeAll { $0 == unit.key }
            state.modules.append(unit.key)
            guard state.modules.count > Self.limit else { return nil }
            let oldest = state.modules.removeFirst()
            state.entries[oldest] = nil
            return oldest
        }
        if let oldest { try? FileManager.default.removeItem(atPath: self.place(oldest)) }
        return place
    }

    func markUnusable(_ unit: CompileUnit) {
        state.withLock { $0.entries[unit.key] = .unusable }
    }

    private func place(_ key: Fingerprint) -> String { folder + "/" + key.hex }
}
