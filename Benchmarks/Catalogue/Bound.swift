import Foundation
import KernelSpace
import CBench

/// What a plain loop reaches on this machine: a family of them for each mix of reads and writes, all of which take part in the race.
struct Bound {
    private static let distances: [Int64] = [0, 512, 2048]
    /// Bytes a loop reads and writes in one pass: beyond any cache.
    private let floats: Int
    private let memory: UnsafeMutablePointer<Float>
    /// Loops are written for 32-byte vectors at least.
    private let isAvailable: Bool

    /// `bytes`: of the last-level cache.
    init(lastLevelCache bytes: Int, device: Device) {
        floats = max(4 * bytes, 1 << 26) / 4 / 3 / 64 * 64
        memory = UnsafeMutableRawPointer.allocate(byteCount: floats * 12, alignment: 64)
            .bindMemory(to: Float.self, capacity: floats * 3)
        memory.initialize(repeating: 1, count: floats * 3)
        isAvailable = ["avx2", "fma"].allSatisfy(device.features.contains)
        plain_use_avx512(device.features.contains("avx512f") ? 1 : 0)
    }

    /// The loops with the mix of `rival`, and the bytes or operations of one pass.
    func family(_ rival: CatalogueCase.Rival) -> (contestants: [Contestant], work: Double) {
        let count = Int64(floats)
        let (x, y, z) = (memory, memory + floats, memory + 2 * floats)
        func loops(streams: [Int32], _ run: @escaping (PlainLoop) -> Void) -> [Contestant] {
            streams.flatMap { streams in
                Self.distances.map { distance in
                    let loop = PlainLoop(distance: distance, streams: streams)
                    return Contestant(
                        name: "plain loop, prefetch \(distance)\(streams == 1 ? ", streaming" : "")"
                    ) { _ in run(loop) }
                }
            }
        }
        guard isAvailable else { return ([], 0) }
        switch rival {
        case .peers: return ([], 0)
        case .read:
            // All three thirds, one after the other.
            return (
                loops(streams: [0]) { _ = plain_read($0, x, 3 * count) }, Double(floats * 12)
            )
        case .copy:
            return (loops(streams: [0, 1]) { plain_copy($0, y, x, count) }, Double(floats * 8))
        case .triad:
            return (
                loops(streams: [0, 1]) { plain_triad($0, z, x, y, count) }, Double(floats * 12)
            )
        case .multiplyAdd:
            let passes: Int64 = 20_000
            return (
                [Contestant(name: "multiply-add loop") { _ in _ = plain_multiply_add(passes) }],
                plain_multiply_add(passes)
            )
        }
    }
}
