import Foundation
import KernelSpace
import Testing
import WorkerProtocol

@testable import Tuner

/// A folder of its own for one test, removed afterwards.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/tuner-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes an executable script.
    func script(_ name: String, _ text: String) throws -> String {
        let file = path + "/" + name
        try Data(("#!/bin/sh\n" + text + "\n").utf8).write(to: URL(filePath: file))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
        return file
    }

    func names(of folder: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path + "/" + folder).sorted()
    }
}

/// The compiler, headers and a tiny kernel that the tests of this target share.
enum Workbench {
    /// The compiler that runs the tests.
    static func toolchain() async throws -> Toolchain {
        try await Toolchain.find(
            .init(named: nil, environment: ProcessInfo.processInfo.environment))
    }

    static let headers =
        URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path + "/Sources/CSIMD/include"

    /// Fills one vector of the first buffer with `by`.
    static let source = Kernel.Source(
        name: "Broadcast.swift",
        text: """
            import CSIMD
            enum Broadcast<let by: Int, Vector: SIMD> where Vector.Scalar == Float {
                @inline(__always)
                static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
                    call.pointee.buffers[0].storeBytes(of: Vector(repeating: Float(by)), as: Vector.self)
                }
            }
            """)

    static func library(
        _ toolchain: Toolchain, in folder: TemporaryFolder,
        limits: CompileLimits = CompileLimits(
            secondsPerCall: 120, secondsPerFunction: 10, parallelCalls: 2)
    ) throws -> VariantLibrary {
        try VariantLibrary(
            toolchain: toolchain, headers: headers,
            cache: ObjectCache(folder: folder.path + "/objects"),
            lock: MeasuringLock(path: folder.path + "/lock"), limits: limits)
    }

    static func unit(_ bodies: [String], source: Kernel.Source = source) -> CompileUnit {
        let functions = bodies.map { body in
            GeneratedFunction(
                key: Fingerprint([
                    (name: "body", value: body), (name: "source", value: source.text),
                ]), body: body,
                signature: "_ call: UnsafePointer<KernelCall>, _ thread: Int")
        }
        return CompileUnit(
            key: Fingerprint([(name: "source", value: source.text)]), sources: [source],
            flags: [], functions: functions, usesModule: true)
    }

    static func broadcast(_ value: Int) -> String {
        "Broadcast<\(value), SIMD4<Float>>.run(call, thread)"
    }

    /// Loads a variant and returns the first floats that it writes.
    static func run(_ entry: EntryPoint, count: Int) throws -> [Float] {
        typealias Variant = @convention(c) (UnsafeRawPointer, Int) -> Void
        let library = try #require(dlopen(entry.object, RTLD_NOW | RTLD_LOCAL))
        defer { dlclose(library) }
        let variant = unsafeBitCast(
            try #require(dlsym(library, entry.symbol)), to: Variant.self)
        let output = UnsafeMutableBufferPointer<Float>.allocate(capacity: 64)
        defer { output.deallocate() }
        output.initialize(repeating: -1)
        var buffer = UnsafeMutableRawPointer(output.baseAddress)
        withUnsafePointer(to: &buffer) { buffers in
            // KernelCall: buffers, dimensions, arguments, threads, barrier, team.
            var call = (UnsafeRawPointer(buffers), 0, 0, 1, 0, 0)
            withUnsafePointer(to: &call) { variant(UnsafeRawPointer($0), 0) }
        }
        return Array(output.prefix(count))
    }
}

extension Toolchain {
    func replacing(swiftc: String) -> Toolchain {
        Toolchain(swiftc: swiftc, linker: linker, symbolLister: symbolLister, build: build)
    }
}
