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

/// Modules of kernels' sources, one a kernel and target, for as long as the process lives: half a megabyte each. Made anew by each
/// process, in one or two seconds, so that none can be damaged or stale.
final class KernelModules: Sendable {
    /// Of every module; they differ by their folders.
    static let name = "TunerdKernel"

    /// What is known of a unit's sources.
    enum Entry {
        case module(inFolder: String)
        /// They are to be compiled with every call.
        case unusable
    }

    private let folder: String
    private let entries = Mutex<[Fingerprint: Entry]>([:])

    /// Empties `folder`. Throws `.storage` when it cannot be made.
    init(folder: String) throws(TunerError) {
        self.folder = folder
        try? FileManager.default.removeItem(atPath: folder)
        try ObjectCache.makePrivateFolder(folder)
    }

    func entry(of unit: CompileUnit) -> Entry? { entries.withLock { $0[unit.key] } }

    /// Moves the module at `path` to a folder of its own, which is returned.
    func add(_ path: String, of unit: CompileUnit) throws(TunerError) -> String {
        let place = folder + "/" + unit.key.hex
        try ObjectCache.makePrivateFolder(place)
        let file = place + "/\(Self.name).swiftmodule"
        guard rename(path, file) == 0 else {
            throw TunerError(.storage, "cannot move a compiled module to \(file)")
        }
        entries.withLock { $0[unit.key] = .module(inFolder: place) }
        return place
    }

    func giveUp(_ unit: CompileUnit) { entries.withLock { $0[unit.key] = .unusable } }
}
