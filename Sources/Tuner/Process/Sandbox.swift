import CProcess
import Glibc

/// What a child may touch: files by name, no network, nobody else's process.
package struct Sandbox: Sendable {
    /// Files and folders that it may read and execute. Those that do not exist are left out.
    package var readable: [String]
    /// Files that it may write, and folders in which it may do anything.
    package var writable: [String]
    package var isolation: Isolation

    package init(readable: [String], writable: [String], isolation: Isolation = .ofHost) {
        self.readable = readable
        self.writable = writable
        self.isolation = isolation
    }

    /// What any program needs in order to start. Of /etc only what says where libraries are and which system it is.
    package static let system =
        ["/usr", "/lib", "/lib64", "/bin", "/sys/devices/system/cpu", "/dev/urandom"]
        + ["ld.so.cache", "os-release", "debian_version", "localtime"].map { "/etc/" + $0 }
        + libraryFolders.sorted()
    package static let devices = ["/dev/null", "/dev/zero"]

    /// Folders of the libraries that this program is linked to: its sibling's are the same, wherever a toolchain lies.
    private static var libraryFolders: Set<String> {
        var folders: Set<String> = []
        withUnsafeMutablePointer(to: &folders) {
            cprocess_for_each_library(
                { path, context in
                    let parts = String(cString: path).split(
                        separator: "/", omittingEmptySubsequences: false)
                    context?.assumingMemoryBound(to: Set<String>.self).pointee.insert(
                        parts.dropLast().joined(separator: "/"))
                }, $0)
        }
        return folders
    }

    /// Rules that are ready to be enforced in a child.
    struct Rules {
        let sandbox: Sandbox
        /// Of Landlock, or −1.
        let ruleset: Int32
        /// Under bubblewrap the child makes system calls that are to be denied to what it starts.
        var filtersSystemCalls: Bool {
            if case .bubblewrap = sandbox.isolation.fileSystem { return false }
            return sandbox.isolation.filtersSystemCalls
        }

        /// The words of the command, behind those of bubblewrap if that is what guards; nil otherwise.
        func wrapped(_ command: ChildProcess) -> [String]? {
            guard case .bubblewrap(let path) = sandbox.isolation.fileSystem else { return nil }
            var words = [
                path, "--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
                "--die-with-parent", "--cap-drop", "ALL", "--dev", "/dev", "--proc", "/proc",
            ]
            for readable in sandbox.readable + [command.executable] where readable != "/proc" {
                words += ["--ro-bind-try", readable, readable]
            }
            for writable in sandbox.writable where !Sandbox.devices.contains(writable) {
                words += ["--bind-try", writable, writable]
            }
            if let folder = command.workingDirectory { words += ["--chdir", folder] }
            return words + ["--", command.executable] + command.arguments
        }

        func close() {
            if ruleset >= 0 { Glibc.close(ruleset) }
        }
    }

    /// What `executable` may touch besides itself.
    func rules(for executable: String) throws(TunerError) -> Rules {
        guard case .landlock = isolation.fileSystem else {
            return Rules(sandbox: self, ruleset: -1)
        }
        let ruleset = cprocess_make_ruleset()
        guard ruleset >= 0 else { throw Self.refused("make access rules", errno) }
        let read = cprocess_read
        let write = read | cprocess_write | cprocess_write_folders
        let grants = [(readable + [executable], read), (writable + Self.devices, write)]
        for (paths, access) in grants {
            for path in paths {
                let error = cprocess_allow(ruleset, path, Int32(access))
                guard error == 0 || error == ENOENT else {
                    Glibc.close(ruleset)
                    throw Self.refused("allow access to \(path)", error)
                }
            }
        }
        return Rules(sandbox: self, ruleset: ruleset)
    }

    private static func refused(_ attempt: String, _ error: Int32) -> TunerError {
        TunerError(
            .internal, "could not \(attempt) for a child: \(String(cString: strerror(error)))")
    }
}
