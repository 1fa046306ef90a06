import CSIMD
import CThreadTeam
import Glibc

/// A KernelCall and the arrays it points to.
final class PreparedCall {
    let call: UnsafeMutablePointer<KernelCall>
    private let buffers: UnsafeMutablePointer<UnsafeMutableRawPointer>
    private let dimensions: UnsafeMutablePointer<Int64>
    private let arguments: UnsafeMutablePointer<Int64>

    init(
        buffers addresses: [UnsafeMutableRawPointer], dimensions values: [Int],
        arguments parameters: [Int] = [], threads: Int = 1, team: OpaquePointer? = nil
    ) {
        buffers = Self.copy(addresses)
        dimensions = Self.copy(values.map(Int64.init))
        arguments = Self.copy(parameters.map(Int64.init))
        call = .allocate(capacity: 1)
        call.initialize(
            to: KernelCall(
                buffers: UnsafePointer(buffers), dimensions: dimensions, arguments: arguments,
                threads: Int64(threads), barrier: thread_team_barrier,
                team: team.map { UnsafeMutableRawPointer($0) }))
    }

    private static func copy<Element>(_ values: [Element]) -> UnsafeMutablePointer<Element> {
        // One element at least: an ABI pointer is never null.
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(values.count, 1))
        for (index, value) in values.enumerated() { (memory + index).initialize(to: value) }
        return memory
    }

    deinit {
        call.deallocate()
        buffers.deallocate()
        dimensions.deallocate()
        arguments.deallocate()
    }
}
