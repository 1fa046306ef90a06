import Foundation
import KernelSpace
import Testing
import WorkerProtocol

@testable import Tuner

@Suite struct ObjectCacheTests {
    private let unit = Workbench.unit((1...4).map { Workbench.broadcast($0) })
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A toolchain that can compile nothing, so that a success must come from the cache.
    private func broken() async throws -> Toolchain {
        try await Workbench.toolchain().replacing(swiftc: "/bin/false")
    }

    private func objects() throws -> [String] {
        try folder.names(of: "objects").filter { $0.hasSuffix(".so") }
            .map { folder.path + "/objects/" + $0 }
    }

    private func entries(_ toolchain: Toolchain) async throws -> [EntryPoint] {
        let results = try await Workbench.library(toolchain, in: folder).resolve(unit)
        return unit.functions.compactMap {
            if case .success(let entry) = results[$0.key] { entry } else { nil }
        }
    }

    @Test func `what was compiled is found after a restart`() async throws {
        let first = try await entries(Workbench.toolchain())
        #expect(first.count == 4)
        #expect(try await entries(broken()) == first)
    }

    @Test(arguments: ["flipped", "truncated", "removed", "writable", "replaced by a link"])
    func `a damaged object is not loaded but compiled again`(damage: String) async throws {
        let first = try await entries(Workbench.toolchain())
        let object = try #require(try objects().first)
        let lost = first.filter { $0.object == object }.count
        #expect(lost > 0)
        let content = try Data(contentsOf: URL(filePath: object))
        switch damage {
        case "flipped":
            var bytes = content
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: URL(filePath: object))
        case "truncated": try content.prefix(content.count / 2).write(to: URL(filePath: object))
        case "removed": try FileManager.default.removeItem(atPath: object)
        case "writable":
            try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: object)
        default:
            try FileManager.default.moveItem(atPath: object, toPath: folder.path + "/moved")
            try FileManager.default.createSymbolicLink(
                atPath: object, withDestinationPath: folder.path + "/moved")
        }
        #expect(try await entries(broken()).count == 4 - lost)
        let again = try await entries(Workbench.toolchain())
        #expect(again.count == 4)
        for (index, entry) in again.enumerated() {
            #expect(try Workbench.run(entry, count: 1) == [Float(index + 1)])
        }
    }

    @Test func `the least recently used objects go first`() async throws {
        let place = folder.path + "/objects"
        func store(_ number: Int, bytes: Int, in cache: ObjectCache) async throws
            -> GeneratedFunction
        {
            let file = folder.path + "/object"
            try ObjectFile.write([UInt8](repeating: UInt8(number), count: bytes), to: file)
            let function = Workbench.unit([Workbench.broadcast(number)]).functions[0]
            _ = try await cache.store(objectAt: file, holding: [function])
            return function
        }
        let cache = try ObjectCache(folder: place, byteLimit: 2_500)
        let first = try await store(1, bytes: 1_000, in: cache)
        let second = try await store(2, bytes: 1_000, in: cache)
        #expect(await cache.lookup([first]).count == 1)
        let third = try await store(3, bytes: 1_000, in: cache)
        #expect(await Set(cache.lookup([first, second, third]).keys) == [first.key, third.key])
        #expect(await cache.byteCount == 2_000)
        #expect(try objects().count == 2)
        // The order of use outlives the process.
        #expect(await cache.lookup([first]).count == 1)
        let reopened = try ObjectCache(folder: place, byteLimit: 1_500)
        let fourth = try await store(4, bytes: 400, in: reopened)
        #expect(
            await Set(reopened.lookup([first, second, third, fourth]).keys)
                == [first.key, fourth.key])
    }

    @Test func `leftovers of a killed daemon are removed at start`() async throws {
        let first = try await entries(Workbench.toolchain())
        let place = folder.path + "/objects"
        let orphan = String(repeating: "a", count: 64)
        for name in ["\(orphan).so", "\(orphan).so.tmp", "\(orphan).json.tmp", "temporary/x"] {
            try Data("left".utf8).write(to: URL(filePath: place + "/" + name))
        }
        let before = try folder.names(of: "objects")
        #expect(try await entries(broken()) == first)
        let after = try folder.names(of: "objects")
        #expect(Set(before).subtracting(after).count == 3)
        #expect(!after.contains { $0.contains(orphan) })
        #expect(try folder.names(of: "objects/temporary").isEmpty)
    }

    @Test func `a folder that others may write to is refused`() async throws {
        let place = folder.path + "/objects"
        _ = try ObjectCache(folder: place)
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: place)
        #expect(throws: TunerError.self) { _ = try ObjectCache(folder: place) }
    }
}
