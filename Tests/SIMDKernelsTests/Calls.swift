import CSIMD
import Foundation

typealias Variant = @Sendable (UnsafePointer<KernelCall>, Int) -> Void

/// What `threads` threads of one call share: where they meet.
private final class Team {
    private var barrier = pthread_barrier_t()
    init(threads: Int) { pthread_barrier_init(&barrier, nil, UInt32(threads)) }
    deinit { pthread_barrier_destroy(&barrier) }
    func wait() { pthread_barrier_wait(&barrier) }
}

/// Carries a call to other threads, which end before it does.
private struct Entry: @unchecked Sendable {
    let call: UnsafePointer<KernelCall>
}

/// Calls `variant` through the kernel ABI, with as many real threads as asked.
func callKernel(
    buffers: [GuardedFloats], dimensions: [Int], arguments: [Int] = [], threads: Int = 1,
    _ variant: @escaping Variant
) {
    let pointers = buffers.map { UnsafeMutableRawPointer($0.pointer) }
    let dimensions = dimensions.map(Int64.init)
    let arguments = arguments.map(Int64.init)
    let team = Team(threads: threads)
    withExtendedLifetime((buffers, team)) {
        pointers.withUnsafeBufferPointer { pointers in
            // An empty array has no address, and the ABI wants one.
            (dimensions + [0]).withUnsafeBufferPointer { dimensions in
                (arguments + [0]).withUnsafeBufferPointer { arguments in
                    guard let p = pointers.baseAddress, let d = dimensions.baseAddress,
                        let a = arguments.baseAddress
                    else { return }
                    var call = KernelCall(
                        buffers: p, dimensions: d, arguments: a, threads: Int64(threads),
                        barrier: { team in
                            guard let team else { return }
                            Unmanaged<Team>.fromOpaque(team).takeUnretainedValue().wait()
                        }, team: Unmanaged.passUnretained(team).toOpaque())
                    withUnsafePointer(to: &call) { call in
                        let entry = Entry(call: call)
                        let others = (1..<max(threads, 1)).map { number in
                            let done = DispatchSemaphore(value: 0)
                            let thread = Thread {
                                variant(entry.call, number)
                                done.signal()
                            }
                            thread.start()
                            return done
                        }
                        variant(call, 0)
                        for done in others { done.wait() }
                    }
                }
            }
        }
    }
}
