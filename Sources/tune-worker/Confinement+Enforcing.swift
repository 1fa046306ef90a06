import CProcess
import Glibc
import WorkerProtocol

/// Confines this process, in two steps: system calls before anything of the kernel's is loaded, files once the reference's results
/// are written, before any candidate is.
extension Confinement {
    func filterSystemCalls() throws(WorkerFault) {
        guard filtersSystemCalls else { return }
        let error = cworker_confine()
        guard error == 0 else { throw Self.refused("filter system calls", error) }
    }

    /// The folder of reference results is no longer among what may be read or written.
    func restrictFiles() throws(WorkerFault) {
        var size = rlimit(rlim_cur: rlim_t(fileBytes), rlim_max: rlim_t(fileBytes))
        guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &size) == 0 else {
            throw Self.refused("limit the size of files", errno)
        }
        guard usesLandlock else { return }
        // Kept open for good: the rule is tied to the folder's inode, which the kernel would make anew after forgetting it.
        let own = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let ruleset = cprocess_make_ruleset()
        guard own >= 0, ruleset >= 0 else { throw Self.refused("make access rules", errno) }
        defer { close(ruleset) }
        let read = cprocess_read
        let write = read | cprocess_write
        let grants =
            readable.map { ($0, read) }
            + [("/proc/self", read), ("/dev/null", write), (folder, write)]
        for (path, access) in grants {
            let error = cprocess_allow(ruleset, path, Int32(access))
            guard error == 0 || error == ENOENT else {
                throw Self.refused("allow access to \(path)", error)
            }
        }
        let error = cprocess_enforce(ruleset)
        guard error == 0 else { throw Self.refused("enforce access rules", error) }
    }

    private static func refused(_ attempt: String, _ error: Int32) -> WorkerFault {
        WorkerFault(
            .infrastructure(
                message: "the worker could not \(attempt) for itself: "
                    + String(cString: strerror(error))))
    }
}
