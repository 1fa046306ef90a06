import Testing
import TunerAPI

struct RouteTests {
    @Test("placeholders and queries are percent-encoded, absent query items left out")
    func paths() {
        #expect(Route.health.path() == "/v1/health")
        #expect(Route.trials.path(["s-1"], query: [("entry", nil)]) == "/v1/sessions/s-1/trials")
        #expect(Route.kernel.path(["a/../b c"]) == "/v1/kernels/a%2F..%2Fb%20c")
        let lookup = Route.lookup.path(query: [("kernel", "ü"), ("problem", "m=1,n=2&x")])
        #expect(lookup == "/v1/lookup?kernel=%C3%BC&problem=m%3D1%2Cn%3D2%26x")
    }

    @Test("no two routes answer the same request, and all are under /v1")
    func table() {
        let requests = Set(Route.all.map { "\($0.method.rawValue) \($0.template)" })
        #expect(requests.count == Route.all.count)
        #expect(Route.all.allSatisfy { $0.template.hasPrefix("/v1/") })
    }
}

struct SocketPathTests {
    @Test(
        "the socket follows the variable, then the user",
        arguments: [
            ([:], 0, "/run/tunerd/tunerd.sock"),
            (["XDG_RUNTIME_DIR": "/run/user/0"], 0, "/run/tunerd/tunerd.sock"),
            (["XDG_RUNTIME_DIR": "/run/user/7"], 7, "/run/user/7/tunerd.sock"),
            (["XDG_RUNTIME_DIR": ""], 7, "/tmp/tunerd-7/tunerd.sock"),
            ([:], 7, "/tmp/tunerd-7/tunerd.sock"),
            (["TUNERD_SOCKET": "/x", "XDG_RUNTIME_DIR": "/run/user/7"], 7, "/x"),
            (["TUNERD_SOCKET": ""], 0, "/run/tunerd/tunerd.sock"),
        ])
    func rules(environment: [String: String], user: Int, path: String) {
        #expect(SocketPath.standard(environment: environment, user: UInt32(user)) == path)
    }
}
