import Glibc
import WorkerProtocol

/// Shared objects that were loaded, by path; they stay loaded as long as the process lives.
struct LoadedObjects {
    private var handles: [String: UnsafeMutableRawPointer] = [:]

    /// The address of the entry's function.
    mutating func address(of entry: EntryPoint) throws(WorkerFault) -> UnsafeMutableRawPointer {
        let handle = try handle(of: entry.object)
        guard let address = dlsym(handle, entry.symbol) else {
            throw WorkerFault(
                .infrastructure(
                    message: "could not find \(entry.symbol) in \(entry.object): \(Self.reason)"))
        }
        return address
    }

    private mutating func handle(of path: String) throws(WorkerFault) -> UnsafeMutableRawPointer {
        if let handle = handles[path] { return handle }
        guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            throw WorkerFault(.infrastructure(message: "could not load \(path): \(Self.reason)"))
        }
        handles[path] = handle
        return handle
    }

    private static var reason: String { dlerror().map { String(cString: $0) } ?? "no reason given" }
}
