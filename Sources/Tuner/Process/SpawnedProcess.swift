import CProcess
import Glibc

/// How a process ended.
package enum ProcessExit: Hashable, Sendable {
    case status(Int)
    case signal(Int)
}

/// What a child may use; nil leaves the parent's limit. Core files are always off.
package struct ProcessLimits: Hashable, Sendable {
    /// Bytes.
    package var addressSpace: Int?
    /// Seconds.
    package var cpuTime: Int?
    /// Bytes of any one file.
    package var fileSize: Int?
    package var openFiles: Int?
    /// The only core it may use.
    package var core: Int?
    /// Absolute.
    package var niceness: Int

    package init(
        addressSpace: Int? = nil, cpuTime: Int? = nil, fileSize: Int? = nil, openFiles: Int? = nil,
        core: Int? = nil, niceness: Int = 0
    ) {
        self.addressSpace = addressSpace
        self.cpuTime = cpuTime
        self.fileSize = fileSize
        self.openFiles = openFiles
        self.core = core
        self.niceness = niceness
    }
}

/// A started process, the leader of its own group. Whoever has it must `killAndReap` it, on the thread that started it.
struct SpawnedProcess {
    /// A file just written cannot be executed (ETXTBSY) while a child that another thread started in that moment still holds the
    /// descriptor, which is until that child's own exec: a matter of microseconds, on a busy host of milliseconds.
    private static let busyRetries = 200
    private static let busyPause: UInt32 = 5_000

    let identifier: pid_t
    /// Readable once the process has ended.
    let descriptor: Int32
    /// Whether another program runs it.
    private let isWrapped: Bool

    /// Starts `command` with `descriptors[i]` as its descriptor i (nil: /dev/null) and nothing else open.
    init(_ command: ChildProcess, descriptors: [Int32?]) throws(TunerError) {
        let rules = try command.sandbox?.rules(for: command.executable)
        defer { rules?.close() }
        let words = rules?.wrapped(command) ?? [command.executable] + command.arguments
        let arguments = CStrings(words)
        let environment = CStrings(command.environment.map { "\($0.key)=\($0.value)" })
        let directory = CStrings(command.workingDirectory.map { [$0] } ?? [])
        let path = CStrings([words[0]])
        let limits = command.limits
        var process: pid_t = -1
        var descriptor: Int32 = -1
        var step: UnsafePointer<CChar>?
        let sources = descriptors.map { $0 ?? -1 }
        let error = sources.withUnsafeBufferPointer { sources -> Int32 in
            guard let first = sources.baseAddress, let file = path.first else { return EINVAL }
            var specification = CProcessSpecification(
                path: file, argv: arguments.pointers, envp: environment.pointers,
                working_directory: directory.first, descriptors: first,
                descriptor_count: Int32(sources.count),
                address_space: Int64(limits.addressSpace ?? -1),
                cpu_time: Int64(limits.cpuTime ?? -1),
                file_size: Int64(limits.fileSize ?? -1),
                open_files: Int64(limits.openFiles ?? -1),
                core: Int32(limits.core ?? -1), niceness: Int32(limits.niceness),
                ruleset: rules?.ruleset ?? -1,
                filters_system_calls: rules?.filtersSystemCalls == true ? 1 : 0)
            var error = cprocess_spawn(&specification, &process, &descriptor, &step)
            for _ in 0..<Self.busyRetries where error == ETXTBSY {
                usleep(Self.busyPause)
                error = cprocess_spawn(&specification, &process, &descriptor, &step)
            }
            return error
        }
        guard error == 0 else {
            let what = step.map { String(cString: $0) } ?? "start"
            throw TunerError(
                .internal,
                "could not start \(command.executable): to \(what): \(String(cString: strerror(error)))"
            )
        }
        identifier = process
        self.descriptor = descriptor
        isWrapped = words[0] != command.executable
    }

    /// Kills what is left of its group, waits for it and says how it ended.
    func killAndReap() -> ProcessExit {
        let exit = cprocess_kill_and_reap(identifier)
        close(descriptor)
        if exit.signal != 0 { return .signal(Int(exit.signal)) }
        // As a shell does, bubblewrap tells of a signal by a status.
        let status = Int(exit.status)
        return isWrapped && status > 128 ? .signal(status - 128) : .status(status)
    }
}

/// A null-terminated array of C strings, freed with the object.
private final class CStrings {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        pointers = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() {
            (pointers + index).initialize(to: strdup(string))
        }
        (pointers + count).initialize(to: nil)
    }

    var first: UnsafePointer<CChar>? { pointers[0].map { UnsafePointer($0) } }

    deinit {
        for index in 0..<count { free(pointers[index]) }
        pointers.deallocate()
    }
}
