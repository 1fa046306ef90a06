import Foundation
import KernelSpace
import Testing
import WorkerProtocol

@testable import Tuner

@Suite struct CompilerTests {
    private func failure(
        _ results: [Fingerprint: Result<EntryPoint, Failure>], _ function: GeneratedFunction
    ) -> Failure? {
        if case .failure(let failure) = results[function.key] { failure } else { nil }
    }

    /// Text of a compilation failure; records an issue for anything else.
    private func complaint(
        _ results: [Fingerprint: Result<EntryPoint, Failure>], _ function: GeneratedFunction
    ) -> String {
        if case .compilation(let text) = failure(results, function) { return text }
        Issue.record("\(String(describing: results[function.key]))")
        return ""
    }

    @Test func `every variant of a batch computes what its own arguments say`() async throws {
        let folder = try TemporaryFolder()
        let library = try Workbench.library(try await Workbench.toolchain(), in: folder)
        let unit = Workbench.unit((1...7).map { Workbench.broadcast($0) })
        let results = try await library.resolve(unit)
        #expect(results.count == 7)
        for (index, function) in unit.functions.enumerated() {
            let entry = try #require(try results[function.key]?.get())
            let expected = [Float](repeating: Float(index + 1), count: 4) + [-1]
            #expect(try Workbench.run(entry, count: 5) == expected)
        }
        #expect(try folder.names(of: "objects/temporary").isEmpty)
    }

    /// A library whose calls of the compiler are written to `log`: `sources` if they have the file, else `module`.
    private func logging(
        callsWith file: String, in folder: TemporaryFolder
    ) async throws -> (library: VariantLibrary, log: String) {
        let real = try await Workbench.toolchain()
        // One of the two folders that a compiler may write to.
        let log = folder.path + "/objects/modules/calls"
        let logging = try folder.script(
            "swiftc",
            """
            case "$*" in *\(file)*) echo sources >> \(log);; *) echo module >> \(log);; esac
            exec \(real.swiftc) "$@"
            """)
        let library = try Workbench.library(
            real.replacing(swiftc: logging), in: folder,
            limits: CompileLimits(secondsPerCall: 120, parallelCalls: 1))
        return (library, log)
    }

    @Test func `sources are read once, and variants specialised from their module`() async throws {
        let folder = try TemporaryFolder()
        let (library, log) = try await logging(callsWith: "Broadcast.swift", in: folder)
        for value in 1...2 {
            let unit = Workbench.unit([Workbench.broadcast(value)])
            let entry = try #require(try await library.resolve(unit)[unit.functions[0].key]).get()
            #expect(try Workbench.run(entry, count: 1) == [Float(value)])
        }
        #expect(try String(contentsOfFile: log, encoding: .utf8) == "sources\nmodule\nmodule\n")
    }

    @Test func `a function that stays in the module has variants compiled with the sources`()
        async throws
    {
        let folder = try TemporaryFolder()
        let (library, log) = try await logging(callsWith: "Outside.swift", in: folder)
        let source = Kernel.Source(
            name: "Outside.swift",
            text: """
                import CSIMD
                @inline(never)
                private func twice(_ x: UnsafeMutablePointer<Float>) -> Float { x[0] = 0; return x[0] + 2 }
                enum Outside<let by: Int> {
                    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
                        let x = call.pointee.buffers[0].assumingMemoryBound(to: Float.self)
                        x[0] = twice(x) * Float(by)
                    }
                }
                """)
        for value in 1...2 {
            let unit = Workbench.unit(["Outside<\(value)>.run(call, thread)"], source: source)
            let entry = try #require(try await library.resolve(unit)[unit.functions[0].key]).get()
            #expect(try Workbench.run(entry, count: 1) == [Float(2 * value)])
        }
        // The module, in vain; from then on the sources.
        #expect(
            try String(contentsOfFile: log, encoding: .utf8)
                == "sources\nmodule\nsources\nsources\n")
    }

    @Test func `a variant that does not compile costs only itself`() async throws {
        let folder = try TemporaryFolder()
        let library = try Workbench.library(try await Workbench.toolchain(), in: folder)
        var bodies = (1...6).map { Workbench.broadcast($0) }
        bodies[3] = "Broadcast<4, SIMD5<Float>>.run(call, thread)"
        let unit = Workbench.unit(bodies)
        let results = try await library.resolve(unit)
        for (index, function) in unit.functions.enumerated() where index != 3 {
            let entry = try #require(try results[function.key]?.get())
            #expect(try Workbench.run(entry, count: 1) == [Float(index + 1)])
        }
        let text = complaint(results, unit.functions[3])
        #expect(text.hasPrefix("TunerdVariants.swift:2:") && text.contains("SIMD5"), "\(text)")
    }

    @Test func `a variant that needs the Swift runtime is refused alone`() async throws {
        let folder = try TemporaryFolder()
        let library = try Workbench.library(try await Workbench.toolchain(), in: folder)
        let greedy = """

            enum Greedy {
                static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
                    let values = [Int](repeating: thread, count: thread)
                    call.pointee.buffers[0].storeBytes(of: values.reversed()[0], as: Int.self)
                }
            }
            """
        let unit = Workbench.unit(
            [Workbench.broadcast(1), "Greedy.run(call, thread)", Workbench.broadcast(2)],
            source: .init(name: "Greedy.swift", text: Workbench.source.text + greedy))
        let results = try await library.resolve(unit)
        #expect(throws: Never.self) { try results[unit.functions[0].key]?.get() }
        #expect(throws: Never.self) { try results[unit.functions[2].key]?.get() }
        let text = complaint(results, unit.functions[1])
        #expect(text.hasPrefix("needs the Swift runtime: "), "\(text)")
        #expect(library.usesModule(of: unit))
    }

    @Test func `a symbol that the C library does not have is refused`() async throws {
        let folder = try TemporaryFolder()
        let library = try Workbench.library(try await Workbench.toolchain(), in: folder)
        let source = Kernel.Source(
            name: "Stray.swift",
            text: """
                import CSIMD
                @_silgen_name("no_such_function_anywhere") func stray()
                enum Stray { static func run() { stray() } }
                """)
        let unit = Workbench.unit(["Stray.run()"], source: source)
        let text = complaint(try await library.resolve(unit), unit.functions[0])
        #expect(text == "needs what the C library does not have: no_such_function_anywhere")
    }

    @Test func `a mistake in the kernel's own source is found with one call`() async throws {
        let folder = try TemporaryFolder()
        let real = try await Workbench.toolchain()
        // One of the two folders that a compiler may write to.
        let log = folder.path + "/objects/modules/calls"
        let counting = try folder.script(
            "swiftc", "echo call >> \(log)\nexec \(real.swiftc) \"$@\"")
        let library = try Workbench.library(real.replacing(swiftc: counting), in: folder)
        let source = Kernel.Source(
            name: "Broadcast.swift", text: Workbench.source.text + "\nlet x: Int = \"one\"\n")
        let unit = Workbench.unit((1...8).map { Workbench.broadcast($0) }, source: source)
        let results = try await library.resolve(unit)
        for function in unit.functions {
            let text = complaint(results, function)
            #expect(text.hasPrefix("Broadcast.swift:8:14: cannot convert"), "\(text)")
        }
        #expect(try String(contentsOfFile: log, encoding: .utf8) == "call\n")
    }

    @Test func `a compiler that hangs on one variant is stopped, and the other is built`()
        async throws
    {
        let folder = try TemporaryFolder()
        let real = try await Workbench.toolchain()
        let unit = Workbench.unit([Workbench.broadcast(1), Workbench.broadcast(2)])
        // What the impostor hands out must be there at once, however busy the host is: an object made before.
        let prepared = folder.path + "/prepared.o"
        let source = folder.path + "/prepared.swift"
        let symbol = unit.functions[0].symbol
        try Data("@_cdecl(\"\(symbol)\") public func \(symbol)() {}".utf8)
            .write(to: URL(filePath: source))
        let done = try await ChildProcess(
            executable: real.swiftc,
            arguments: [
                "-c", "-wmo", "-parse-as-library", "-module-cache-path", folder.path + "/modules",
                "-o", prepared, source,
            ],
            environment: Toolchain.environment(of: real.swiftc), workingDirectory: folder.path
        ).run(timeout: 300)
        try #require(done.exit == .status(0), "\(String(decoding: done.errors, as: UTF8.self))")
        let hanging = try folder.script(
            "swiftc",
            """
            if grep -q 'Broadcast<2' TunerdVariants.swift; then sleep 3600; fi
            while [ "$1" != -o ]; do shift; done
            cp \(prepared) "$2"
            """)
        let library = try Workbench.library(
            real.replacing(swiftc: hanging), in: folder,
            limits: CompileLimits(secondsPerCall: 3, secondsPerFunction: 0, parallelCalls: 1))
        let results = try await library.resolve(unit)
        #expect(try results[unit.functions[0].key]?.get().symbol == symbol)
        #expect(
            failure(results, unit.functions[1])
                == .compilerStopped(message: "swiftc did not end within 3 s"))
    }

    @Test(arguments: [
        ("kill -9 $$", "compilerStopped"),
        ("echo 'error: compile command failed due to signal 6'; exit 1", "compilerStopped"),
        ("echo 'x.swift:1:1: error: No space left on device'; exit 1", "infrastructure"),
        ("exit 0", "infrastructure"),
    ])
    func `a compiler that fails by itself is no fault of the variant`(
        script: String, code: String
    ) async throws {
        let folder = try TemporaryFolder()
        let impostor = try folder.script("swiftc", script)
        let toolchain = try await Workbench.toolchain().replacing(swiftc: impostor)
        let unit = Workbench.unit([Workbench.broadcast(1)])
        let results = try await Workbench.library(toolchain, in: folder).resolve(unit)
        let found = try #require(failure(results, unit.functions[0]))
        #expect(found.code == code && !found.isDeterministic, "\(found)")
    }

    @Test func `a cancelled compilation stops the compiler and leaves nothing behind`() async throws
    {
        let folder = try TemporaryFolder()
        let started = folder.path + "/objects/modules/started"
        let endless = try folder.script("swiftc", "echo $$ > \(started); sleep 3600")
        let toolchain = try await Workbench.toolchain().replacing(swiftc: endless)
        let library = try Workbench.library(toolchain, in: folder)
        let task = Task { try await library.resolve(Workbench.unit([Workbench.broadcast(1)])) }
        var text = ""
        while !text.hasSuffix("\n") {
            try await Task.sleep(for: .milliseconds(5))
            text = (try? String(contentsOfFile: started, encoding: .utf8)) ?? ""
        }
        let process = try #require(Int32(text.dropLast()))
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        #expect(kill(process, 0) == -1 && errno == ESRCH)
        #expect(try folder.names(of: "objects/temporary").isEmpty)
    }

    @Test func `a compiler may write nowhere but to its folder and the module cache`() async throws
    {
        let folder = try TemporaryFolder()
        let real = try await Workbench.toolchain()
        let curious = try folder.script(
            "swiftc",
            """
            for place in \(folder.path) \(folder.path)/objects /tmp /var/tmp /dev/shm; do
                if touch "$place/stray-$$" 2>/dev/null; then exit 3; fi
            done
            exec \(real.swiftc) "$@"
            """)
        let unit = Workbench.unit([Workbench.broadcast(1)])
        let library = try Workbench.library(real.replacing(swiftc: curious), in: folder)
        let entry = try #require(try await library.resolve(unit)[unit.functions[0].key]).get()
        #expect(try Workbench.run(entry, count: 4) == [1, 1, 1, 1])
        #expect(try folder.names().allSatisfy { !$0.hasPrefix("stray") })
    }

    @Test func `a compiler without memory is no fault of the variant`() async throws {
        let folder = try TemporaryFolder()
        let library = try Workbench.library(
            try await Workbench.toolchain(), in: folder,
            limits: CompileLimits(
                secondsPerCall: 120, addressSpace: 128 << 20, parallelCalls: 1))
        let unit = Workbench.unit([Workbench.broadcast(1)])
        let found = try #require(failure(try await library.resolve(unit), unit.functions[0]))
        #expect(!found.isDeterministic, "\(found)")
    }
}
