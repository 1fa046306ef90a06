// swift-tools-version: 6.2
import Foundation
import PackageDescription

/// A kernel's manifest lies beside its sources, which the package compiles for its tests.
let kernelFolders =
    (try? FileManager.default.contentsOfDirectory(
        atPath: Context.packageDirectory + "/Sources/SIMDKernels")) ?? []
let kernelManifests = kernelFolders.sorted().map { "\($0)/kernel.yaml" }.filter {
    FileManager.default.fileExists(atPath: "\(Context.packageDirectory)/Sources/SIMDKernels/\($0)")
}

let package = Package(
    name: "tunerd",
    platforms: [.macOS(.v26)],
    products: [
        .library(name: "KernelSpace", targets: ["KernelSpace"]),
        .library(name: "Tuner", targets: ["Tuner"]),
        .library(name: "SIMDKernels", targets: ["SIMDKernels"]),
        // Threads for programs that link tuned kernels.
        .library(name: "ThreadTeam", targets: ["ThreadTeam"]),
        .executable(name: "tunerd", targets: ["tunerd"]),
        .executable(name: "tunectl", targets: ["tunectl"]),
        .executable(name: "tune-worker", targets: ["tune-worker"]),
    ],
    dependencies: [
        // Command lines of both programs: parsing, help, completions.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // SHA-256 for fingerprints and the object cache.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        // The daemon's log.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // kernel.yaml, with line and column of every node.
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        // The HTTP/1.1 client of tunectl, over the Unix socket.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        // The HTTP/1.1 server of tunerd, over the Unix socket.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        // Signals and orderly shutdown of the daemon.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
        // Recorded spaces are published gzip-compressed.
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CSIMD"),
        .target(name: "CThreadTeam"),
        .target(name: "ThreadTeam", dependencies: ["CThreadTeam", "CSIMD"]),
        .testTarget(name: "ThreadTeamTests", dependencies: ["ThreadTeam", "CSIMD"]),
        .target(name: "CProcess", dependencies: ["CThreadTeam"]),
        .target(name: "WorkerProtocol"),
        .target(
            name: "KernelSpace",
            dependencies: [
                "WorkerProtocol", "Yams", .product(name: "Crypto", package: "swift-crypto"),
            ]),
        .testTarget(name: "KernelSpaceTests", dependencies: ["KernelSpace"]),
        .executableTarget(
            name: "tune-bench",
            dependencies: [
                "Tuner", "CSIMD", "CBench", "ThreadTeam", "tune-worker",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "Benchmarks",
            exclude: ["run.sh", "setup-peers.sh", "catalogue.json5", "Subspaces", "CBench"]),
        // Plain loops, as bounds of what memory and arithmetic allow, and what peers declare in C.
        .target(name: "CBench", path: "Benchmarks/CBench"),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["TunerAPI", "tunerd", "tunectl", "tune-worker", "tune-bench"],
            exclude: ["Kernels"]),
        .testTarget(
            name: "TunerTests", dependencies: ["Tuner", "KernelSpace", "WorkerProtocol"],
            // Spaces that `tunectl record` wrote on a Xeon.
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "SIMDKernelsTests", dependencies: ["SIMDKernels", "CSIMD", "WorkerProtocol"]),
        .target(
            name: "Tuner",
            dependencies: [
                "KernelSpace", "WorkerProtocol", "CProcess", "CZlib",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            // Unoptimised, models are fifty times slower, and searching tests starve all others.
            swiftSettings: [.unsafeFlags(["-O"], .when(configuration: .debug))]),
        .target(name: "TunerStore", dependencies: ["Tuner", "CLMDB"]),
        .target(
            name: "TunerAPI",
            dependencies: [
                "Tuner", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .target(
            name: "SIMDKernels", dependencies: ["CSIMD"],
            exclude: kernelManifests),
        .executableTarget(
            name: "tune-worker",
            dependencies: ["WorkerProtocol", "CSIMD", "CProcess", "CThreadTeam"]),
        // What the daemon does, apart from its command line, so that tests run it in process.
        .target(
            name: "TunerService",
            dependencies: [
                "Tuner", "TunerAPI", "CProcess", "Yams",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .testTarget(
            name: "TunerServiceTests",
            dependencies: [
                "TunerService", "Tuner", "TunerAPI", "KernelSpace", "WorkerProtocol", "Yams",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .executableTarget(
            name: "tunerd",
            dependencies: [
                "TunerService", "Tuner", "TunerStore", "TunerAPI", "CProcess",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .executableTarget(
            name: "tunectl",
            dependencies: [
                "TunerAPI", "Tuner", "KernelSpace",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .testTarget(name: "TunerAPITests", dependencies: ["TunerAPI", "Tuner"]),
        .testTarget(
            name: "TunectlTests",
            dependencies: ["tunectl", "TunerAPI", "Tuner", "KernelSpace", "WorkerProtocol"]),
        .testTarget(
            name: "WorkerTests",
            dependencies: ["Tuner", "WorkerProtocol", "CProcess", "tune-worker"],
            resources: [.copy("Hostile")]),
        // Killed by TunerStoreTests at random moments.
        .executableTarget(
            name: "store-crash-writer", dependencies: ["TunerStore"],
            path: "Tests/store-crash-writer"),
        .testTarget(
            name: "TunerStoreTests", dependencies: ["TunerStore", "CLMDB", "store-crash-writer"]),
        .testTarget(
            name: "CompilationTests", dependencies: ["Tuner", "KernelSpace", "WorkerProtocol"]),
        .testTarget(
            name: "EvaluatorTests",
            dependencies: ["Tuner", "KernelSpace", "WorkerProtocol", "tune-worker"]),
    ],
    swiftLanguageModes: [.v6]
)
