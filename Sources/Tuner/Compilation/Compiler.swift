import KernelSpace
import WorkerProtocol

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What one compiler call may use.
public struct CompileLimits: Sendable {
    /// Wall time of a call: once, and for every function in it. A call takes 0.1 to 2 s and 0.05 to 0.2 s a function on a quiet
    /// core; fifteen times that for a busy host and for large tiles.
    public var secondsPerCall: Double
    /// Wall time that every function of a call adds.
    public var secondsPerFunction: Double
    /// Of each process, in bytes; a batch takes 0.2 GiB.
    public var addressSpace: Int
    /// Of any one file, in bytes: objects are a hundred kilobytes, clang's modules a few megabytes.
    public var fileSize: Int
    /// Most functions of one call: beyond it a call gets no cheaper by the function, only longer.
    public var functionsPerCall: Int
    /// Calls at the same time.
    public var parallelCalls: Int

    /// `parallelCalls` is best the number of processors: nothing is measured meanwhile.
    public init(
        secondsPerCall: Double = 30, secondsPerFunction: Double = 2,
        addressSpace: Int = 8 << 30, fileSize: Int = 256 << 20, functionsPerCall: Int = 64,
        parallelCalls: Int
    ) {
        self.secondsPerCall = secondsPerCall
        self.secondsPerFunction = secondsPerFunction
        self.addressSpace = addressSpace
        self.fileSize = fileSize
        self.functionsPerCall = functionsPerCall
        self.parallelCalls = parallelCalls
    }
}

/// Turns generated functions into checked shared objects, finding the functions that cannot be.
///
/// Reading and checking a kernel's sources takes longer than specialising them: 1.2 of the 1.8 s that a call for one variant of
/// `sgemm` takes. So they are compiled once, to a module from which a call's functions are specialised. Where a module will not
/// do, functions are compiled together with the sources, and what that says counts.
struct Compiler: Sendable {
    /// What a call, or the search for the culprit of a call, came to.
    enum Outcome: Sendable {
        /// The shared object at `path`, in the temporary folder, holds these functions.
        case object(path: String, [GeneratedFunction])
        case failed(Failure, [GeneratedFunction])
    }

    /// Options that every object is made with, besides the target's flags.
    static let options = ["-wmo", "-parse-as-library", "-Ounchecked", "-swift-version", "6"]
    /// What a module is made with besides: internal names can be imported, and all bodies specialised and inlined elsewhere.
    static let moduleOptions = [
        "-emit-module", "-module-name", KernelModules.name, "-enable-testing",
        "-cross-module-optimization", "-Xllvm", "-cmo-function-size-limit=1000000",
    ]

    let toolchain: Toolchain
    /// Folder of the module CSIMD.
    let headers: String
    let moduleFolder: String
    let kernelModules: KernelModules
    let limits: CompileLimits
    /// A private folder that nobody else uses; whoever made it removes it.
    let temporaryFolder: String

    /// Compiles all functions of `unit` on all cores, and calls `finished` with each part's outcome.
    /// Throws CancellationError, and what `finished` throws.
    func compile(
        _ unit: CompileUnit, finished: (Outcome) async throws -> Void
    ) async throws {
        let module: String?
        do {
            module = try await self.module(of: unit)
        } catch let stop as Stop {
            return try await finished(.failed(stop.failure, unit.functions))
        }
        var waiting = parts(of: unit.functions).map { Part(functions: $0, module: module) }
        var calls = 0
        try await withThrowingTaskGroup(of: Attempt.self) { group in
            var running = 0
            while true {
                while running < limits.parallelCalls, let part = waiting.popLast() {
                    let folder = "\(temporaryFolder)/\(calls)"
                    group.addTask { try await attempt(part, of: unit, in: folder) }
                    running += 1
                    calls += 1
                }
                guard let attempt = try await group.next() else { return }
                running -= 1
                let part = attempt.part
                switch attempt.result {
                case .object(let path):
                    if part.failedByModule { kernelModules.markUnusable(unit) }
                    try await finished(.object(path: path, part.functions))
                case .failed(let stop):
                    if !stop.isSharedByAll && part.functions.count > 1 {
                        waiting += part.halves
                    } else if part.module != nil && !stop.isFinal {
                        waiting.append(part.withSources)
                    } else {
                        try await finished(.failed(stop.failure, part.functions))
                    }
                }
            }
        }
    }

    // MARK: - Parts

    /// What one call compiles.
    private struct Part: Sendable {
        let functions: [GeneratedFunction]
        /// Folder of the module with the kernel's sources; nil to compile them too.
        let module: String?
        /// Whether these very functions failed with the module.
        var failedByModule = false

        var halves: [Part] {
            let middle = functions.count / 2
            return [functions[middle...], functions[..<middle]].map {
                Part(functions: Array($0), module: module)
            }
        }

        var withSources: Part { Part(functions: functions, module: nil, failedByModule: true) }
    }

    /// Even parts, one a core, unless they would be too long.
    private func parts(of functions: [GeneratedFunction]) -> [[GeneratedFunction]] {
        let least = (functions.count + limits.functionsPerCall - 1) / limits.functionsPerCall
        let count = min(max(limits.parallelCalls, least), functions.count)
        return (0..<count).map { part in
            Array(
                functions[
                    functions.count * part / count..<functions.count * (part + 1) / count])
        }
    }

    // MARK: - One call

    private struct Attempt: Sendable {
        enum Result: Sendable {
            case object(path: String)
            case failed(Stop)
        }
        let part: Part
        let result: Result
    }

    private func attempt(
        _ part: Part, of unit: CompileUnit, in folder: String
    ) async throws -> Attempt {
        do {
            return Attempt(
                part: part, result: .object(path: try await build(part, of: unit, in: folder)))
        } catch let stop as Stop {
            return Attempt(part: part, result: .failed(stop))
        } catch let error as TunerError {
            let failure = Failure.infrastructure(message: error.description)
            return Attempt(
                part: part,
                result: .failed(Stop(failure: failure, isSharedByAll: true, isFinal: true)))
        }
    }

    /// Why a call has no object.
    private struct Stop: Error {
        let failure: Failure
        /// Whether every function of the call fails so, alone as well.
        var isSharedByAll = false
        /// Whether the sources in the place of their module would change nothing.
        var isFinal = false
    }

    /// Folder of the module with the unit's sources, made if need be; nil if they are to be compiled with every call.
    /// Throws `Stop` when they do not compile.
    private func module(of unit: CompileUnit) async throws -> String? {
        guard unit.usesModule else { return nil }
        switch kernelModules.entry(of: unit) {
        case .module(inFolder: let folder): return folder
        case .unusable: return nil
        case nil: break
        }
        let folder = temporaryFolder + "/module"
        do {
            try ObjectCache.makePrivateFolder(folder)
            let module = "\(folder)/\(KernelModules.name).swiftmodule"
            try await compile(
                unit.sources, Self.moduleOptions + unit.flags, to: module, in: folder,
                seconds: limits.secondsPerCall)
            return try kernelModules.add(module, of: unit)
        } catch let stop as Stop where stop.isSharedByAll {
            throw stop
        } catch let stop as Stop {
            // A compiler that was too slow may be faster next time.
            if !stop.isFinal { kernelModules.markUnusable(unit) }
        } catch is TunerError {
            // A full disk, say: the call that has no module tells of it.
        }
        return nil
    }

    /// Path of the checked shared object.
    private func build(
        _ part: Part, of unit: CompileUnit, in folder: String
    ) async throws -> String {
        try ObjectCache.makePrivateFolder(folder)
        let generated = Kernel.Source(
            name: Kernel.generatedFile,
            text: CompileUnit.generatedSource(
                of: part.functions, importing: part.module == nil ? nil : KernelModules.name))
        let object = folder + "/variants.o"
        let shared = folder + "/variants.so"
        var options = ["-c", "-module-name", "TunerdVariants"] + unit.flags
        if let module = part.module { options += ["-I", module] }
        try await compile(
            (part.module == nil ? unit.sources : []) + [generated], options, to: object,
            in: folder,
            seconds: limits.secondsPerCall
                + limits.secondsPerFunction * Double(part.functions.count))
        let link = try await run(
            toolchain.linker,
            ["-shared", "-Bsymbolic", "-z", "now", "-z", "noexecstack", "-o", shared, object],
            in: folder, seconds: limits.secondsPerCall)
        guard link.exit == .status(0) else {
            throw TunerError(
                .compilation,
                "\(toolchain.linker) could not link a batch of variants: "
                    + Diagnostics(link, folder: folder).firstLine)
        }
        if let complaint = try await complaint(aboutSymbolsOf: shared, in: folder) {
            // A function that is neither generic nor inlined stays in the module, for every variant that calls it.
            throw Stop(
                failure: .compilation(message: complaint), isSharedByAll: part.module != nil)
        }
        return shared
    }

    /// One call of swiftc. Throws `Stop` and `TunerError` when it gives nothing.
    private func compile(
        _ sources: [Kernel.Source], _ options: [String], to output: String, in folder: String,
        seconds: Double
    ) async throws {
        var files: [String] = []
        for source in sources {
            let path = folder + "/" + source.name
            do {
                try ObjectFile.write(source.text.utf8, to: path, synced: false)
            } catch {
                throw error.error
            }
            files.append(path)
        }
        let completion = try await run(
            toolchain.swiftc,
            Self.options + options + [
                "-I", headers, "-module-cache-path", moduleFolder, "-o", output,
            ] + files, in: folder, seconds: seconds)
        try check(completion, in: folder, seconds: seconds)
    }

    private func run(
        _ executable: String, _ arguments: [String], in folder: String, seconds: Double
    ) async throws -> ChildProcess.Completion {
        var environment = Toolchain.environment(of: toolchain.swiftc)
        environment["TMPDIR"] = folder
        environment["HOME"] = folder
        return try await ChildProcess(
            executable: executable, arguments: arguments, environment: environment,
            workingDirectory: folder,
            limits: ProcessLimits(
                addressSpace: limits.addressSpace,
                // Of each process; wall time is what normally ends a call.
                cpuTime: Int((seconds * 2).rounded(.up)), fileSize: limits.fileSize),
            // It may read all that its user may: toolchains are spread over links, wrappers and homes. What it reads stays here.
            sandbox: Sandbox(readable: ["/"], writable: [folder, moduleFolder])
        ).run(timeout: seconds)
    }

    private func check(
        _ completion: ChildProcess.Completion, in folder: String, seconds: Double
    ) throws {
        if completion.timedOut {
            throw Stop(
                failure: .compilerStopped(
                    message: "swiftc did not end within \(Int(seconds.rounded(.up))) s"),
                isFinal: true)
        }
        if completion.exit == .status(0) { return }
        let diagnostics = Diagnostics(completion, folder: folder)
        if diagnostics.tellsOfFullDisk {
            throw TunerError(
                .storage, "swiftc had no room on the disk of \(folder)",
                hint: "free some space on that disk")
        }
        guard case .status = completion.exit, let first = diagnostics.firstError else {
            // Killed, or crashed: the driver then reports the frontend's signal.
            throw Stop(
                failure: .compilerStopped(
                    message: "swiftc ended with \(completion.exit): \(diagnostics.lastLine)"))
        }
        // A kernel's own source is checked before anything is specialised: what is wrong there is wrong in every variant, and
        // so is what is wrong with the imports in the first line.
        let file = Kernel.generatedFile
        let isGenerated = first.hasPrefix("\(file):") && !first.hasPrefix("\(file):1:")
        throw Stop(
            failure: .compilation(message: first), isSharedByAll: !isGenerated)
    }

    /// What is wrong with an object that needs more than the C library.
    private func complaint(
        aboutSymbolsOf object: String, in folder: String
    ) async throws -> String? {
        let listing = try await run(
            toolchain.symbolLister, ["-D", "-u", "-P", object], in: folder,
            seconds: limits.secondsPerCall)
        guard listing.exit == .status(0) else {
            throw TunerError(
                .compilation,
                "\(toolchain.symbolLister) could not read a batch of variants: "
                    + Diagnostics(listing, folder: folder).firstLine)
        }
        let needed = String(decoding: listing.output, as: UTF8.self).split(separator: "\n")
            .compactMap { $0.split(separator: " ").first.map(String.init) }
        return RuntimeSymbols.complaint(about: needed)
    }
}

/// What a compiler or linker wrote.
private struct Diagnostics {
    private let lines: [String]

    /// `folder` is cut from paths: the same mistake must give the same text.
    init(_ completion: ChildProcess.Completion, folder: String) {
        lines = String(decoding: completion.errors + completion.output, as: UTF8.self)
            .split(separator: "\n").map { String($0).replacing(folder + "/", with: "") }
    }

    /// `file:line:column: message` of the first error that has a place.
    var firstError: String? {
        for line in lines {
            guard let range = line.firstRange(of: ": error: "), line.first != " " else { continue }
            let place = line[..<range.lowerBound]
            guard place.contains(".swift:") || place.contains(".h:") else { continue }
            return "\(place): \(line[range.upperBound...])"
        }
        return nil
    }

    var firstLine: String { lines.first ?? "no message" }
    var lastLine: String { lines.last ?? "no message" }
    var tellsOfFullDisk: Bool { lines.contains { $0.contains("No space left on device") } }
}
