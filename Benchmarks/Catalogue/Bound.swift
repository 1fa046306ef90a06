import CBench
import CSIMD
import Foundation
import KernelSpace
import ThreadTeam
import WorkerProtocol

/// What a plain loop reaches on this machine: a family of them for each mix of reads and writes, all of which take part in the race.
final class Bound {
    /// Loops that do the same in different ways, and the bytes or operations of one pass.
    struct Family {
        var contestants: [Contestant]
        var work: Double
        /// Whether `work` counts operations.
        var isArithmetic = false
    }

    private enum Kind: Int64 { case read, copy, triad, multiplyAdd }
    private static let distances: [Int64] = [0, 512, 2048]
    private static let passes: Int64 = 20_000
    /// Of each of three arrays, that together are beyond any cache.
    private let floats: Int
    private let memory: UnsafeMutablePointer<Float>
    private let team: ThreadTeam
    /// Loops are written for 32-byte vectors at least.
    private let isAvailable: Bool

    /// `bytes`: of the last-level cache. `cores`: where threads run.
    init(lastLevelCache bytes: Int, device: Device, cores: [Int]) throws {
        floats = max(4 * bytes, 1 << 26) / 4 / 3 / 4096 * 4096
        memory = UnsafeMutableRawPointer.allocate(byteCount: floats * 12, alignment: 64)
            .bindMemory(to: Float.self, capacity: floats * 3)
        memory.initialize(repeating: 1, count: floats * 3)
        team = try ThreadTeam(threads: cores.count, pinnedTo: cores)
        isAvailable = ["avx2", "fma"].allSatisfy(device.features.contains)
        plain_use_avx512(device.features.contains("avx512f") ? 1 : 0)
    }

    deinit { memory.deallocate() }

    /// The loops that bound `rival`; of several families the slower one does.
    func families(_ rival: CatalogueCase.Rival, threads: Int) -> [Family] {
        guard isAvailable else { return [] }
        let bytes = Double(floats * 4)
        let arithmetic = Family(
            contestants: [loop(.multiplyAdd, PlainLoop(), threads)],
            work: plain_multiply_add(Self.passes), isArithmetic: true)
        switch rival {
        case .peers: return []
        case .read: return [Family(contestants: loops(.read, [0], threads), work: 3 * bytes)]
        case .copy: return [Family(contestants: loops(.copy, [0, 1], threads), work: 2 * bytes)]
        case .triad: return [Family(contestants: loops(.triad, [0, 1], threads), work: 3 * bytes)]
        case .multiplyAdd: return [arithmetic]
        case .roof: return [arithmetic] + families(.copy, threads: threads)
        }
    }

    private func loops(_ kind: Kind, _ streams: [Int32], _ threads: Int) -> [Contestant] {
        streams.flatMap { streams in
            Self.distances.map {
                loop(kind, PlainLoop(distance: $0, streams: streams), threads)
            }
        }
    }

    private func loop(_ kind: Kind, _ loop: PlainLoop, _ threads: Int) -> Contestant {
        let buffers = [0, 1, 2].map { UnsafeMutableRawPointer(memory + $0 * floats) }
        let passes = kind == .multiplyAdd ? Self.passes : Int64(floats)
        let dimensions = [kind.rawValue, passes, loop.distance, Int64(loop.streams)]
        let name =
            kind == .multiplyAdd
            ? "multiply-add loop"
            : "plain loop (\(kind), prefetch \(loop.distance)\(loop.streams == 1 ? ", streaming" : ""))"
        return Contestant(name: threads == 1 ? name : "\(name), \(threads) threads") { [team] _ in
            buffers.withUnsafeBufferPointer { buffers in
                dimensions.withUnsafeBufferPointer { dimensions in
                    guard let buffers = buffers.baseAddress, let sizes = dimensions.baseAddress
                    else { return }
                    var call = KernelCall(
                        buffers: buffers, dimensions: sizes, arguments: sizes,
                        threads: Int64(threads), barrier: nil, team: nil)
                    threads == 1 ? Self.part(&call, 0) : team.run(Self.part, &call)
                }
            }
        }
    }

    /// A thread's part of a loop: of the arrays, or of the passes.
    private static let part: KernelVariant = { call, thread in
        let sizes = call.pointee.dimensions
        let count = sizes[1] / call.pointee.threads
        let loop = PlainLoop(distance: sizes[2], streams: Int32(sizes[3]))
        func array(_ index: Int) -> UnsafeMutablePointer<Float> {
            call.pointee.buffers[index].assumingMemoryBound(to: Float.self) + Int(thread * count)
        }
        switch Kind(rawValue: sizes[0]) {
        case .read: for index in 0..<3 { _ = plain_read(loop, array(index), count) }
        case .copy: plain_copy(loop, array(1), array(0), count)
        case .triad: plain_triad(loop, array(2), array(0), array(1), count)
        case .multiplyAdd, nil: _ = plain_multiply_add(count)
        }
    }
}
