import KernelSpace
import Synchronization
import Tuner
import TunerAPI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The folders that kernels are read from, and what was found there a moment ago.
package final class KernelPath: Sendable {
    private struct State {
        var catalogue: KernelCatalogue
        var read: ContinuousClock.Instant
        /// Folders that clients added, in that order.
        var added: [String]
        var generation = 0
    }

    /// What is read is good for this long: an author who saves a manifest and types the next command gets the new one, and a thousand
    /// lookups read it once.
    private static let freshness = Duration.seconds(1)
    /// Folders that clients may add.
    private static let addedLimit = 100

    /// Folder of the kernels that come with the programs.
    package let builtIn: String
    /// Folders from the command line and the configuration.
    private let given: [String]
    /// Where added folders are kept, one a line.
    private let file: String
    private let state: Mutex<State>

    /// Reads everything once. Folders added earlier are in `stateDirectory`; without one none were.
    package init(builtIn: String, given: [String], stateDirectory: String) {
        self.builtIn = builtIn
        self.given = given
        file = stateDirectory + "/kernel-folders"
        let text = FileManager.default.contents(atPath: file) ?? Data()
        let added = String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
        state = Mutex(
            State(
                catalogue: KernelCatalogue(folders: [builtIn] + given + added), read: .now,
                added: added))
    }

    /// Every folder, in the order they are read.
    package var folders: [String] { state.withLock { [builtIn] + given + $0.added } }

    /// What is in the folders, not older than a second.
    package var catalogue: KernelCatalogue { current.catalogue }

    /// The same with a number that changes when it was read anew.
    package var current: (catalogue: KernelCatalogue, generation: Int) {
        state.withLock { state in
            if ContinuousClock.now - state.read > Self.freshness { read(&state) }
            return (state.catalogue, state.generation)
        }
    }

    /// Adds a folder for good and tells what came with it.
    /// Throws `.badRequest` when it is no absolute path or nothing usable is in it, `.storage` when it cannot be kept.
    package func add(_ folder: String) throws -> KernelList {
        guard folder.hasPrefix("/"), !folder.contains(where: \.isNewline), !folder.contains("\0")
        else {
            throw TunerError(
                .badRequest, "cannot add kernels of \"\(folder)\": it is no absolute path",
                hint: "name the folder from / on")
        }
        let alone = KernelCatalogue(folders: [folder])
        guard !alone.entries.isEmpty else {
            let reasons = alone.rejected.map(\.message).joined(separator: "; ")
            throw TunerError(
                .badRequest,
                "cannot add kernels of \(folder): "
                    + (reasons.isEmpty ? "no folder with a kernel.yaml is in it" : reasons),
                hint: "docs/KERNELS.md says how to write one")
        }
        return try state.withLock { state in
            if !([builtIn] + given + state.added).contains(folder) {
                guard state.added.count < Self.addedLimit else {
                    throw TunerError(
                        .badRequest,
                        "cannot add \(folder): \(Self.addedLimit) folders were added already",
                        hint: "remove lines from \(file) and start tunerd again")
                }
                try keep(state.added + [folder])
                state.added.append(folder)
            }
            read(&state)
            return list(alone, within: state.catalogue)
        }
    }

    /// What of `alone` is usable together with everything else: a name may be taken.
    private func list(_ alone: KernelCatalogue, within all: KernelCatalogue) -> KernelList {
        let folders = Set(alone.entries.map(\.folder) + alone.rejected.map(\.folder))
        return KernelList(
            kernels: all.entries.filter { folders.contains($0.folder) }
                .map { KernelSummary($0.kernel, folder: $0.folder) },
            rejected: all.rejected.filter { folders.contains($0.folder) }
                .map { KernelList.Rejected(folder: $0.folder, message: $0.message) })
    }

    private func read(_ state: inout State) {
        state.catalogue = KernelCatalogue(folders: [builtIn] + given + state.added)
        state.read = .now
        state.generation += 1
    }

    private func keep(_ folders: [String]) throws {
        do {
            let text = folders.map { $0 + "\n" }.joined()
            try Data(text.utf8).write(to: URL(filePath: file), options: .atomic)
        } catch {
            throw TunerError(.storage, "cannot keep the kernel folders in \(file): \(error)")
        }
    }
}
