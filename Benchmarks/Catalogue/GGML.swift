import CBench
import Foundation
import KernelSpace

/// Products of quantised weights by ggml, through its C interface, which is loaded, not linked.
final class GGML {
    private static let base = ["libggml-base.so"]
    private static let cpu = ["libggml-cpu.so"]
    private typealias Handle = UnsafeMutableRawPointer
    /// Values of ggml.h.
    enum WeightType: Int32 { case q4_0 = 2, q8_0 = 8 }
    private static let float32: Int32 = 0

    /// One product: its graph and where its tensors hold their values.
    private struct Graph {
        let graph: Handle
        var plan: GGMLPlan
        let input: Handle, output: Handle
        let inputBytes: Int, outputBytes: Int
    }

    private let libraries: PeerLibraries
    private let compute: GGMLCompute
    private var graphs: [Handle: Graph] = [:]

    init?(_ libraries: PeerLibraries) {
        self.libraries = libraries
        // Before the other, which needs its symbols.
        guard dlopen(libraries.path(of: Self.base) ?? "", RTLD_NOW | RTLD_GLOBAL) != nil,
            let compute = libraries.function(
                "ggml_graph_compute", of: Self.cpu, as: GGMLCompute.self),
            let initialize = libraries.function(
                "ggml_cpu_init", of: Self.cpu, as: (@convention(c) () -> Void).self)
        else { return nil }
        initialize()
        self.compute = compute
    }

    /// Buffers x (m × k, float32), w (n × k / 32 blocks), y (m × n, float32).
    func product(_ problem: Problem, _ type: WeightType) -> PeerTable.Call? {
        guard let m = problem["m"], let n = problem["n"], let k = problem["k"] else { return nil }
        let threads = libraries.threads
        return { [self] buffers in
            if graphs[buffers[1]] == nil {
                graphs[buffers[1]] = makeGraph(m, n, k, type, weights: buffers[1], threads)
            }
            guard var graph = graphs[buffers[1]] else { return }
            memcpy(graph.input, buffers[0], graph.inputBytes)
            _ = compute(graph.graph, &graph.plan)
            memcpy(buffers[2], graph.output, graph.outputBytes)
        }
    }

    /// The weights are copied into a tensor of ggml's; what a call copies is next to nothing beside them.
    private func makeGraph(
        _ m: Int, _ n: Int, _ k: Int, _ type: WeightType, weights: Handle, _ threads: Int
    ) -> Graph? {
        typealias MakeTensor = @convention(c) (Handle, Int32, Int64, Int64) -> Handle?
        typealias Multiply = @convention(c) (Handle, Handle, Handle) -> Handle?
        typealias MakeGraph = @convention(c) (Handle) -> Handle?
        typealias Expand = @convention(c) (Handle, Handle) -> Void
        typealias Data = @convention(c) (Handle) -> Handle?
        typealias Bytes = @convention(c) (Handle) -> Int
        func function<Signature>(_ name: String, _: Signature.Type) -> Signature? {
            libraries.function(name, of: Self.base, as: Signature.self)
        }
        guard let initialize = function("ggml_init", GGMLInitialize.self),
            let makeTensor = function("ggml_new_tensor_2d", MakeTensor.self),
            let multiply = function("ggml_mul_mat", Multiply.self),
            let makeGraph = function("ggml_new_graph", MakeGraph.self),
            let expand = function("ggml_build_forward_expand", Expand.self),
            let data = function("ggml_get_data", Data.self),
            let bytes = function("ggml_nbytes", Bytes.self),
            let makePlan = libraries.function(
                "ggml_graph_plan", of: Self.cpu, as: GGMLMakePlan.self),
            let context = initialize(
                GGMLParameters(
                    memory_bytes: n * k * 2 + (m * k + m * n) * 4 + (1 << 20), memory: nil,
                    allocates_nothing: false)),
            let w = makeTensor(context, type.rawValue, Int64(k), Int64(n)),
            let x = makeTensor(context, Self.float32, Int64(k), Int64(m)),
            let y = multiply(context, w, x), let graph = makeGraph(context),
            let wData = data(w), let xData = data(x), let yData = data(y)
        else { return nil }
        memcpy(wData, weights, bytes(w))
        expand(graph, y)
        var plan = makePlan(graph, Int32(threads), nil)
        plan.work = .allocate(capacity: max(plan.work_bytes, 1))
        return Graph(
            graph: graph, plan: plan, input: xData, output: yData, inputBytes: bytes(x),
            outputBytes: bytes(y))
    }
}
