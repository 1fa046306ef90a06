import Tuner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What sessions measure with, put together for one command, with a folder of its own for what is compiled.
struct NoiseLaboratory {
    let probe: DeviceProbe
    let toolchain: Toolchain

    /// Throws TunerError when the installation is not whole, and what the probe throws.
    func measure(seconds: Double, progress: @Sendable (NoiseProbe.Progress) -> Void) async throws
        -> NoiseProbe.Outcome
    {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let installed = try InstalledFiles(executable: program)
        let folder = try StandaloneDaemon.makeFolder()
        // Left over files in /tmp hurt nobody.
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let references = folder + "/references"
        let workers = folder + "/workers"
        for made in [references, workers] {
            try FileManager.default.createDirectory(
                atPath: made, withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700])
        }
        let lock = MeasuringLock.forHost()
        let library = try VariantLibrary(
            toolchain: toolchain, headers: installed.headers,
            cache: ObjectCache(folder: folder + "/objects"), lock: lock,
            limits: CompileLimits(parallelCalls: probe.processors))
        let catalogue = KernelCatalogue(folders: [installed.kernels])
        let provider = HardwareEvaluatorProvider(
            catalogue: { catalogue }, probe: probe, library: .success(library), lock: lock,
            measuring: HardwareEvaluatorProvider.Measuring(
                worker: try WorkerClient.executablePath(), referenceCache: references,
                workerFolders: workers))
        return try await NoiseProbe(provider: provider, catalogue: catalogue)
            .run(seconds: seconds, progress: progress)
    }
}
