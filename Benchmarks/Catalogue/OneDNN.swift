import Foundation
import KernelSpace

/// Primitives of oneDNN, through its C interface (dnnl.h, version 3), which is loaded, not linked.
final class OneDNN {
    private typealias Handle = UnsafeMutableRawPointer
    /// Those with an engine for this processor.
    private static let names = ["onednn/libdnnl.so.3", "onednn/lib/libdnnl.so.3"]
    // Values of dnnl_types.h.
    private static let cpu: Int32 = 1
    private static let inOrder: UInt32 = 1
    private static let inference: Int32 = 96
    private static let softmaxAccurate: Int32 = 0x30000
    private static let swish: Int32 = 0x2C
    private static let binaryMultiply: Int32 = 0x1FFF1
    static let scale: UInt32 = 2
    /// Of newer versions.
    static let rootMeanSquare: UInt32 = 0x20
    enum DataType: Int32 { case bfloat16 = 2, float32 = 3 }
    private enum Argument: Int32 {
        case source = 1, second = 2, destination = 17, weights = 33, scale = 51
    }

    private let libraries: PeerLibraries
    private let engine: Handle
    private let stream: Handle

    /// Nil without version 3.
    init?(_ libraries: PeerLibraries) {
        self.libraries = libraries
        typealias MakeEngine =
            @convention(c) (UnsafeMutablePointer<Handle?>, Int32, Int) -> Int32
        typealias MakeStream =
            @convention(c) (UnsafeMutablePointer<Handle?>, Handle, UInt32) -> Int32
        guard
            let makeEngine = libraries.function(
                "dnnl_engine_create", of: Self.names, as: MakeEngine.self),
            let makeStream = libraries.function(
                "dnnl_stream_create", of: Self.names, as: MakeStream.self),
            let engine = Self.made({ makeEngine(&$0, Self.cpu, 0) }),
            let stream = Self.made({ makeStream(&$0, engine, Self.inOrder) })
        else { return nil }
        self.engine = engine
        self.stream = stream
    }

    private static func made(_ make: (inout Handle?) -> Int32) -> Handle? {
        var handle: Handle?
        return make(&handle) == 0 ? handle : nil
    }

    private func function<Signature>(_ name: String, _ type: Signature.Type) -> Signature? {
        libraries.function(name, of: Self.names, as: type)
    }

    // MARK: Descriptions

    private func description(_ sizes: [Int], strides: [Int], _ type: DataType) -> Handle? {
        typealias Make =
            @convention(c) (
                UnsafeMutablePointer<Handle?>, Int32, UnsafePointer<Int>, Int32,
                UnsafePointer<Int>
            ) -> Int32
        // Arrays of DNNL_MAX_NDIMS.
        func padded(_ values: [Int]) -> [Int] {
            values + Array(repeating: 0, count: 12 - values.count)
        }
        return function("dnnl_memory_desc_create_with_strides", Make.self).flatMap { make in
            Self.made {
                make(&$0, Int32(sizes.count), padded(sizes), type.rawValue, padded(strides))
            }
        }
    }

    /// What executes `description` on buffers: pairs of an argument and the place of its buffer.
    private func call(
        _ description: Handle?, _ arguments: [(Argument, memory: Handle?, place: Int)]
    ) -> PeerTable.Call? {
        struct ExecutionArgument {
            var argument: Int32
            var memory: Handle?
        }
        typealias MakePrimitive = @convention(c) (UnsafeMutablePointer<Handle?>, Handle) -> Int32
        typealias MakeMemory =
            @convention(c) (UnsafeMutablePointer<Handle?>, Handle, Handle, Handle?) -> Int32
        typealias SetHandle = @convention(c) (Handle, Handle) -> Int32
        typealias Execute =
            @convention(c) (Handle, Handle, Int32, UnsafeRawPointer) -> Int32
        typealias Wait = @convention(c) (Handle) -> Int32
        guard let description,
            let makePrimitive = function("dnnl_primitive_create", MakePrimitive.self),
            let makeMemory = function("dnnl_memory_create", MakeMemory.self),
            let setHandle = function("dnnl_memory_set_data_handle", SetHandle.self),
            let execute = function("dnnl_primitive_execute", Execute.self),
            let wait = function("dnnl_stream_wait", Wait.self),
            let primitive = Self.made({ makePrimitive(&$0, description) })
        else { return nil }
        var list: [ExecutionArgument] = []
        for (argument, shape, _) in arguments {
            guard let shape, let memory = Self.made({ makeMemory(&$0, shape, engine, nil) })
            else { return nil }
            list.append(ExecutionArgument(argument: argument.rawValue, memory: memory))
        }
        let (stream, places) = (stream, arguments.map(\.place))
        return { [self] buffers in
            for (argument, place) in zip(list, places) {
                guard let memory = argument.memory else { continue }
                _ = setHandle(memory, buffers[place])
            }
            _ = list.withUnsafeBytes { bytes in
                bytes.baseAddress.map { execute(primitive, stream, Int32(list.count), $0) }
            }
            _ = wait(stream)
            withExtendedLifetime(self) {}
        }
    }

    // MARK: What computes as a kernel does

    /// softmax: buffers x, y.
    func softmax(_ problem: Problem) -> PeerTable.Call? {
        typealias Make =
            @convention(c) (
                UnsafeMutablePointer<Handle?>, Handle, Int32, Int32, Handle, Handle, Int32, Handle?
            ) -> Int32
        guard let make = function("dnnl_softmax_forward_primitive_desc_create", Make.self),
            let (x, y) = rows(problem)
        else { return nil }
        return call(
            Self.made {
                make(&$0, engine, Self.inference, Self.softmaxAccurate, x, y, 1, nil)
            }, [(.source, x, 0), (.destination, y, 1)])
    }

    /// rmsnorm: buffers x, weight, y.
    func normalisation(_ problem: Problem, _ flags: UInt32) -> PeerTable.Call? {
        typealias Make =
            @convention(c) (
                UnsafeMutablePointer<Handle?>, Handle, Int32, Handle, Handle, Handle?, Float,
                UInt32, Handle?
            ) -> Int32
        guard
            let make = function(
                "dnnl_layer_normalization_forward_primitive_desc_create", Make.self),
            let (x, y) = rows(problem), let n = problem["n"],
            let weight = description([n], strides: [1], .float32)
        else { return nil }
        return call(
            Self.made { make(&$0, engine, Self.inference, x, y, nil, 1e-6, flags, nil) },
            [(.source, x, 0), (.scale, weight, 1), (.destination, y, 2)])
    }

    /// silu_mul: buffers gate, up, y; swish and a multiplication, since merged they are not compiled for the processor.
    func siluMultiply(_ problem: Problem) -> PeerTable.Call? {
        typealias MakeSwish =
            @convention(c) (
                UnsafeMutablePointer<Handle?>, Handle, Int32, Int32, Handle, Handle, Float, Float,
                Handle?
            ) -> Int32
        typealias MakeProduct =
            @convention(c) (
                UnsafeMutablePointer<Handle?>, Handle, Int32, Handle, Handle, Handle, Handle?
            ) -> Int32
        guard
            let makeSwish = function("dnnl_eltwise_forward_primitive_desc_create", MakeSwish.self),
            let makeProduct = function("dnnl_binary_primitive_desc_create", MakeProduct.self),
            let (x, y) = rows(problem),
            let swish = call(
                Self.made {
                    makeSwish(&$0, engine, Self.inference, Self.swish, x, y, 1, 0, nil)
                }, [(.source, x, 0), (.destination, y, 2)]),
            let multiply = call(
                Self.made { makeProduct(&$0, engine, Self.binaryMultiply, y, x, y, nil) },
                [(.source, y, 2), (.second, x, 1), (.destination, y, 2)])
        else { return nil }
        return { buffers in
            swish(buffers)
            multiply(buffers)
        }
    }

    /// gemm_bf16: buffers a, b (bfloat16), c (float32).
    func productBF16(_ problem: Problem) -> PeerTable.Call? {
        typealias Make =
            @convention(c) (
                UnsafeMutablePointer<Handle?>, Handle, Handle, Handle, Handle?, Handle, Handle?
            ) -> Int32
        guard let make = function("dnnl_matmul_primitive_desc_create", Make.self),
            let s = ProductSizes(problem),
            let a = description([s.m, s.k], strides: [s.lda, 1], .bfloat16),
            let b = description([s.k, s.n], strides: [s.ldb, 1], .bfloat16),
            let c = description([s.m, s.n], strides: [s.ldc, 1], .float32)
        else { return nil }
        return call(
            Self.made { make(&$0, engine, a, b, nil, c, nil) },
            [(.source, a, 0), (.weights, b, 1), (.destination, c, 2)])
    }

    /// Descriptions of x and y of a kernel over rows.
    private func rows(_ problem: Problem) -> (x: Handle, y: Handle)? {
        guard let rows = problem["rows"], let n = problem["n"],
            let x = description([rows, n], strides: [problem["ldx"] ?? n, 1], .float32),
            let y = description([rows, n], strides: [problem["ldy"] ?? n, 1], .float32)
        else { return nil }
        return (x, y)
    }
}

extension OneDNN {
    /// A build of oneDNN, of which the plain functions are called: they need no engine.
    struct Source {
        var name: String
        var files: [String]

        static let all = [
            Self(name: "oneDNN", files: names),
            Self(name: "oneDNN (SYCL)", files: ["libdnnl.so.3"]),
            Self(name: "oneDNN (Debian)", files: ["libdnnl.so.2"]),
        ]
        private static let no = CChar(UInt8(ascii: "N"))
        private static let fixed = CChar(UInt8(ascii: "F"))
        private typealias Multiply =
            @convention(c) (
                CChar, CChar, Int, Int, Int, Float, UnsafeRawPointer, Int, UnsafeRawPointer, Int,
                Float, UnsafeMutableRawPointer, Int
            ) -> Int32

        /// sgemm: buffers a, b, c.
        func product(_ libraries: PeerLibraries, _ problem: Problem) -> PeerTable.Call? {
            product("dnnl_sgemm", libraries, problem)
        }

        /// gemm_bf16: buffers a, b, c.
        func productBF16(_ libraries: PeerLibraries, _ problem: Problem) -> PeerTable.Call? {
            product("dnnl_gemm_bf16bf16f32", libraries, problem)
        }

        private func product(_ symbol: String, _ libraries: PeerLibraries, _ problem: Problem)
            -> PeerTable.Call?
        {
            guard let s = ProductSizes(problem),
                let multiply = libraries.function(symbol, of: files, as: Multiply.self)
            else { return nil }
            return { buffers in
                _ = multiply(
                    Self.no, Self.no, s.m, s.n, s.k, 1, buffers[0], s.lda, buffers[1], s.ldb, 0,
                    buffers[2], s.ldc)
            }
        }

        /// gemm_u8s8s32: buffers a, b, c.
        func productU8S8S32(_ libraries: PeerLibraries, _ problem: Problem) -> PeerTable.Call? {
            typealias Multiply =
                @convention(c) (
                    CChar, CChar, CChar, Int, Int, Int, Float, UnsafeRawPointer, Int, UInt8,
                    UnsafeRawPointer, Int, Int8, Float, UnsafeMutableRawPointer, Int,
                    UnsafePointer<Int32>
                ) -> Int32
            guard let s = ProductSizes(problem),
                let multiply = libraries.function(
                    "dnnl_gemm_u8s8s32", of: files, as: Multiply.self)
            else { return nil }
            return { buffers in
                var offset: Int32 = 0
                _ = multiply(
                    Self.no, Self.no, Self.fixed, s.m, s.n, s.k, 1, buffers[0], s.lda, 0,
                    buffers[1], s.ldb, 0, 0, buffers[2], s.ldc, &offset)
            }
        }
    }
}
