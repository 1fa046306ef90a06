import Foundation
import KernelSpace
import Testing
import Tuner
import TunerAPI
import Yams

@testable import TunerService

@Suite("Routes", .timeLimit(.minutes(15)))
struct RouteTests {
    @Test("the table of endpoints is the interface, each route once")
    func tableIsInterface() {
        #expect(Endpoint.all.map(\.route) == Route.all)
    }

    @Test("docs/openapi.yaml describes just the routes, with their query items")
    func openAPIAgrees() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(
            contentsOf: root.appending(path: "docs/openapi.yaml"), encoding: .utf8)
        let paths = try #require(try compose(yaml: text)?["paths"]?.mapping)
        var described: [String: Set<String>] = [:]
        for (path, operations) in paths {
            for (method, operation) in try #require(operations.mapping)
            where method.string != "parameters" {
                let parameters = operation["parameters"]?.sequence.map(Array.init) ?? []
                let query = parameters.filter { $0["in"]?.string == "query" }
                    .compactMap { $0["name"]?.string }
                let name = "\(method.string?.uppercased() ?? "") \(path.string ?? "")"
                described[name] = Set(query)
            }
        }
        var expected: [String: Set<String>] = [:]
        for endpoint in Endpoint.all {
            let route = endpoint.route
            expected["\(route.method.rawValue) \(route.template)"] = endpoint.query
        }
        #expect(described == expected)
    }

    @Test("what does not change is told: health, status, targets, strategies, kernels")
    func reading() async throws {
        try await Daemon.run { daemon in
            let client = daemon.client
            #expect(try await client.health() == Health(version: "1.2.3"))

            let status = try await client.status()
            #expect(status.kernels == 2)
            #expect(status.nativeTarget == "cpu-avx2")
            #expect(status.compiler.build == "swiftc 1")
            #expect(status.socket == daemon.socket)
            #expect(status.measuringElsewhere == nil)

            let targets = try await client.targets().targets
            #expect(targets.map(\.name) == Target.all.map(\.name))
            #expect(targets.filter(\.runnable).map(\.name) == ["cpu-sse4.2", "cpu-avx2"])
            #expect(targets.filter(\.isNative).map(\.name) == ["cpu-avx2"])

            let strategies = try await client.strategies().strategies
            #expect(strategies.map(\.name) == StrategyDescription.all.map(\.name))
            #expect(strategies.filter(\.isDefault).count == 1)

            #expect(try await client.kernels().kernels.map(\.name) == ["alpha", "beta"])
            let kernel = try await client.kernel("alpha")
            #expect(kernel.constraints == ["distance <= n"])
            #expect(kernel.kernel.folder == daemon.folder + "/kernels/alpha")
        }
    }

    @Test("a folder of kernels is added at once and for good")
    func addingKernels() async throws {
        try await Daemon.run { daemon in
            try Kernels.write("gamma", in: daemon.folder + "/more")
            let added = try await daemon.client.addKernels(folder: daemon.folder + "/more")
            #expect(added.kernels.map(\.name) == ["gamma"])
            #expect(try await daemon.client.kernel("gamma").kernel.name == "gamma")
            // Another daemon on the same state.
            let next = KernelPath(
                builtIn: daemon.folder + "/kernels", given: [], stateDirectory: daemon.folder)
            #expect(next.catalogue.entries.map(\.kernel.name) == ["alpha", "beta", "gamma"])
        }
    }

    @Test("a folder without kernels is refused, and so is a relative one")
    func refusingKernels() async throws {
        try await Daemon.run { daemon in
            for folder in ["more", daemon.folder + "/absent"] {
                let reply = try await RawClient.post(
                    "/v1/kernels", #"{"folder":"\#(folder)"}"#, socket: daemon.socket)
                #expect(reply.status == 400)
                #expect(try reply.error().message.contains(folder))
            }
            #expect(daemon.parts.kernels.folders == [daemon.folder + "/kernels"])
        }
    }

    @Test(
        "what is wrong with a request is told as code, message and hint",
        arguments: [
            ("GET /v1/nothing", "", 404, "notFound"),
            ("GET /", "", 404, "notFound"),
            ("DELETE /v1/health", "", 405, "badRequest"),
            ("POST /v1/records", "", 405, "badRequest"),
            ("GET /v1/kernels/%00", "", 404, "notFound"),
            ("GET /v1/kernels/none", "", 404, "notFound"),
            ("GET /v1/sessions/none", "", 404, "notFound"),
            ("GET /v1/sessions/..%2f..%2fetc", "", 404, "notFound"),
            ("GET /v1/sessions/none/events", "", 404, "notFound"),
            ("GET /v1/sessions/none/trials", "", 404, "notFound"),
            ("POST /v1/sessions/none/cancel", "", 404, "notFound"),
            ("POST /v1/sessions/none/cancel?keep=maybe", "", 400, "badRequest"),
            ("GET /v1/records?kernels=alpha", "", 400, "badRequest"),
            ("GET /v1/lookup?kernel=alpha&problem=n=1", "", 400, "badRequest"),
            ("GET /v1/lookup?kernel=none&problem=n=1&target=cpu-avx2", "", 404, "notFound"),
            ("GET /v1/lookup?kernel=alpha&problem=n=x&target=cpu-avx2", "", 400, "badRequest"),
            (
                "GET /v1/lookup?kernel=alpha&problem=n=1&target=cpu-avx512", "", 400,
                "unsupportedTarget"
            ),
            ("POST /v1/sessions", "", 400, "badRequest"),
            ("POST /v1/sessions", "[]", 400, "badRequest"),
            ("POST /v1/sessions", "{}", 400, "badRequest"),
            ("POST /v1/sessions", #"{"target":7}"#, 400, "badRequest"),
            ("POST /v1/sessions", #"{"target":"cpu-avx2","trails":7}"#, 400, "badRequest"),
            ("POST /v1/sessions", #"{"target":"cpu-avx512"}"#, 400, "unsupportedTarget"),
            ("POST /v1/sessions", #"{"target":"cpu-avx2","trials":0}"#, 400, "badRequest"),
            ("POST /v1/sessions", #"{"target":"cpu-avx2","seconds":-1}"#, 400, "badRequest"),
            ("POST /v1/sessions", #"{"target":"cpu-avx2","batch":5000}"#, 400, "badRequest"),
            ("POST /v1/sessions", #"{"target":"cpu-avx2","confidence":1}"#, 400, "badRequest"),
            ("POST /v1/sessions", #"{"target":"cpu-avx2","leastEffect":-1}"#, 400, "badRequest"),
            ("POST /v1/sessions", #"{"target":"cpu-avx2","strategy":"luck"}"#, 400, "badRequest"),
            (
                "POST /v1/sessions", #"{"target":"cpu-avx2","kernels":[{"kernel":"none"}]}"#, 404,
                "notFound"
            ),
            (
                "POST /v1/sessions",
                #"{"target":"cpu-avx2","kernels":[{"kernel":"alpha","problem":{"m":1}}]}"#, 400,
                "badRequest"
            ),
        ])
    func errors(request: String, body: String, status: Int, code: String) async throws {
        try await Daemon.run(isTuning: false) { daemon in
            let reply = try await RawClient.exchange(
                [
                    "\(request) HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
                ], socket: daemon.socket)
            #expect(reply.status == status)
            let error = try reply.error()
            #expect(error.code.rawValue == code)
            #expect(!error.message.isEmpty)
            #expect(try daemon.parts.store.sessions().isEmpty)
        }
    }

    @Test("without a compiler nothing is tuned, and the reason names the places tried")
    func noCompiler() async throws {
        let compiler = Status.Compiler(problem: "no working swiftc; tried /a/swiftc")
        try await Daemon.run(compiler: compiler) { daemon in
            let reply = try await RawClient.post(
                "/v1/sessions", #"{"target":"cpu-avx2"}"#, socket: daemon.socket)
            #expect(reply.status == 503)
            let error = try reply.error()
            #expect(error.code == .noCompiler)
            #expect(error.message.contains("/a/swiftc"))
            #expect(try await daemon.client.records().records.isEmpty)
        }
    }
}
