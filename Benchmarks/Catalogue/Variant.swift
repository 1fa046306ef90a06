import CSIMD
import Foundation
import KernelSpace
import ThreadTeam
import WorkerProtocol

/// A compiled variant in this process, with a prepared call for each copy of the buffers.
final class Variant {
    private let function: KernelVariant
    private let team: ThreadTeam
    private let threads: Int
    private let dimensions: UnsafeMutableBufferPointer<Int64>
    private let arguments: UnsafeMutableBufferPointer<Int64>
    /// In memory of their own: an array's checks would take as long as the smallest kernels.
    private let calls: UnsafeMutableBufferPointer<KernelCall>
    private var pointers: [UnsafeMutableBufferPointer<UnsafeMutableRawPointer>] = []

    init(
        _ entry: EntryPoint, arguments: [Int], threads: Int, cores: [Int],
        _ buffers: CallBuffers
    ) throws {
        guard let handle = dlopen(entry.object, RTLD_NOW), let symbol = dlsym(handle, entry.symbol)
        else { throw BenchError(message: "cannot load \(entry.symbol) of \(entry.object)") }
        function = unsafeBitCast(symbol, to: KernelVariant.self)
        self.threads = threads
        team = try ThreadTeam(threads: threads, pinnedTo: threads > 1 ? cores : [])
        dimensions = Self.copy(buffers.dimensions.map(Int64.init))
        self.arguments = Self.copy(arguments.map(Int64.init))
        var calls: [KernelCall] = []
        for copy in buffers.copies {
            let memory = Self.copy(copy)
            pointers.append(memory)
            guard let first = memory.baseAddress, let sizes = dimensions.baseAddress,
                let values = self.arguments.baseAddress
            else { throw BenchError(message: "a kernel without buffers") }
            calls.append(
                KernelCall(
                    buffers: first, dimensions: sizes, arguments: values,
                    threads: Int64(threads), barrier: nil, team: nil))
        }
        self.calls = Self.copy(calls)
    }

    func call(copy: Int) {
        if threads == 1 {
            function(&calls[copy], 0)
        } else {
            team.run(function, &calls[copy])
        }
    }

    private static func copy<Element>(_ values: [Element]) -> UnsafeMutableBufferPointer<Element> {
        let memory = UnsafeMutableBufferPointer<Element>.allocate(capacity: max(values.count, 1))
        _ = memory.initialize(from: values)
        return memory
    }

    deinit {
        dimensions.deallocate()
        arguments.deallocate()
        calls.deallocate()
        for memory in pointers { memory.deallocate() }
    }
}
