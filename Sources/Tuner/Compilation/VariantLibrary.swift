import KernelSpace
import WorkerProtocol

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Machine code on demand: from the cache of objects, else from the compiler.
public struct VariantLibrary: Sendable {
    /// What compiles; its build is part of every identity.
    public let toolchain: Toolchain
    /// Hash of the headers that kernels import.
    public let headersFingerprint: Fingerprint
    private let headers: String
    private let cache: ObjectCache
    private let kernelModules: KernelModules
    private let lock: MeasuringLock
    private let limits: CompileLimits

    /// `headers` is the folder of the module CSIMD. Throws `.notFound` when it cannot be read.
    public init(
        toolchain: Toolchain, headers: String, cache: ObjectCache, lock: MeasuringLock,
        limits: CompileLimits
    ) throws(TunerError) {
        self.toolchain = toolchain
        self.headers = headers
        self.cache = cache
        kernelModules = KernelModules(folder: cache.kernelModuleFolder)
        self.lock = lock
        self.limits = limits
        headersFingerprint = try Self.fingerprint(ofHeaders: headers)
    }

    /// The variants of `specializations` by specialization, each an entry point or the reason why there is none.
    /// Throws CancellationError; nothing that was compiled until then is lost.
    public func variants(
        of kernel: Kernel, _ specializations: [Configuration], target: Target
    ) async throws -> [Configuration: Result<EntryPoint, Failure>] {
        var seen: Set<Configuration> = []
        let distinct = specializations.filter { seen.insert($0).inserted }
        let unit = context(target).variants(of: kernel, distinct)
        let results = try await resolve(unit)
        return Dictionary(
            zip(distinct, unit.functions.compactMap { results[$0.key] }),
            uniquingKeysWith: { first, _ in first })
    }

    /// The reference of a kernel. Throws `.compilation` when it does not compile.
    ///
    /// Whoever has none yet will need variants next: the module of their sources is made meanwhile.
    public func reference(of kernel: Kernel, target: Target) async throws -> EntryPoint {
        let unit = context(target).reference(of: kernel)
        let known = await cache.lookup(unit.functions)
        if let entry = known.values.first { return entry }
        async let prepared: Void = prepare(kernel, target)
        guard let result = try await resolve(unit).values.first else {
            throw TunerError(.internal, "no outcome for the reference of \(kernel.name)")
        }
        switch result {
        case .success(let entry):
            await prepared
            return entry
        case .failure(.compilation(let message)):
            throw TunerError(
                .compilation, "cannot compile the reference of \(kernel.name): \(message)",
                hint: "correct the kernel's folder")
        case .failure(let failure):
            throw TunerError(
                .compilation, "cannot compile the reference of \(kernel.name): \(failure)",
                hint: "try again")
        }
    }

    /// Makes the module of the kernel's sources. What is wrong is told when variants are asked for.
    private func prepare(_ kernel: Kernel, _ target: Target) async {
        let unit = context(target).variants(of: kernel, [])
        _ = try? await lock.whileHolding(for: .compiling, "swiftc") { try await compile(unit) }
    }

    /// Whether there is a module, from which variants are specialised.
    func usesModule(of kernel: Kernel, target: Target) -> Bool {
        usesModule(of: context(target).variants(of: kernel, []))
    }

    func usesModule(of unit: CompileUnit) -> Bool {
        if case .module = kernelModules.entry(of: unit) { true } else { false }
    }

    private func context(_ target: Target) -> CodeContext {
        CodeContext(
            compilerBuild: toolchain.build, headers: headersFingerprint, target: target)
    }

    /// Looks every function up and compiles the missing ones.
    func resolve(_ unit: CompileUnit) async throws
        -> [Fingerprint: Result<EntryPoint, Failure>]
    {
        let results = await cache.lookup(unit.functions)
            .mapValues { Result<EntryPoint, Failure>.success($0) }
        var missing = unit
        missing.functions.removeAll { results[$0.key] != nil }
        if missing.functions.isEmpty { return results }
        let compiled = try await lock.whileHolding(for: .compiling, "swiftc") { [missing] in
            try await compile(missing)
        }
        return results.merging(compiled) { _, new in new }
    }

    private func compile(_ unit: CompileUnit) async throws
        -> [Fingerprint: Result<EntryPoint, Failure>]
    {
        let folder = try cache.makeTemporaryFolder()
        // What cannot be removed now is removed at the next start.
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let compiler = Compiler(
            toolchain: toolchain, headers: headers, moduleFolder: cache.moduleFolder,
            kernelModules: kernelModules, limits: limits, temporaryFolder: folder)
        var results: [Fingerprint: Result<EntryPoint, Failure>] = [:]
        try await compiler.compile(unit) { outcome in
            switch outcome {
            case .object(let path, let functions):
                do {
                    let stored = try await cache.store(objectAt: path, holding: functions)
                    results.merge(stored.mapValues { .success($0) }) { _, new in new }
                } catch let error as TunerError {
                    let failure = Failure.infrastructure(message: error.description)
                    for function in functions { results[function.key] = .failure(failure) }
                }
            case .failed(let failure, let functions):
                for function in functions { results[function.key] = .failure(failure) }
            }
        }
        return results
    }

    private static func fingerprint(ofHeaders folder: String) throws(TunerError) -> Fingerprint {
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            return Fingerprint(
                names.map { name in
                    let data = FileManager.default.contents(atPath: folder + "/" + name) ?? Data()
                    return (name: name, value: String(decoding: data, as: UTF8.self))
                })
        } catch {
            throw TunerError(
                .notFound, "cannot read the headers that kernels import, in \(folder): \(error)")
        }
    }
}
