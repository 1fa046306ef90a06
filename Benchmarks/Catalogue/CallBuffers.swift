import CSIMD
import Foundation
import KernelSpace
import WorkerProtocol

/// The buffers of one problem, in several copies: what calls find in no cache when there are enough of them.
final class CallBuffers {
    let layout: ProblemLayout
    let dimensions: [Int]
    /// By copy, then in the manifest's order.
    private(set) var copies: [[UnsafeMutableRawPointer]] = []

    /// Cold copies hold four times the last-level cache together.
    private static let coldFactor = 4

    /// Copies for `policy`, with scratch for the neediest of `configurations`, which all copies share.
    init(
        _ kernel: Kernel, _ problem: Problem, policy: CachePolicy, lastLevelCache: Int,
        _ configurations: [Configuration]
    ) throws {
        layout = try kernel.layout(of: problem)
        dimensions = layout.dimensions
        let bytes = layout.buffers.reduce(0) { $0 + $1.elementCount * $1.element.size }
        let count =
            policy == .hot ? 1 : 1 + Self.coldFactor * lastLevelCache / max(bytes, 1)
        let needs = try configurations.map { try kernel.scratch(of: $0, on: problem) }
        let scratch = (needs.first ?? []).indices.map { place in
            needs.map { $0[place] }.max() ?? 0
        }
        var shared: [UnsafeMutableRawPointer] = []
        let work = layout.buffers.filter { $0.role == .scratch }
        for (buffer, elements) in zip(work, scratch) {
            shared.append(Self.allocate(elements * buffer.element.size))
        }
        for _ in 0..<max(count, 1) {
            var next = shared.makeIterator()
            copies.append(
                layout.buffers.map { buffer in
                    if buffer.role == .scratch, let memory = next.next() { return memory }
                    let memory = Self.allocate(buffer.elementCount * buffer.element.size)
                    if buffer.role == .input { Self.fill(memory, buffer) }
                    return memory
                })
        }
    }

    private static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(bytes, 64), alignment: 64)
        memset(memory, 0, max(bytes, 64))
        return memory
    }

    /// Values the manifest asks for; those of a block from random bits.
    private static func fill(_ memory: UnsafeMutableRawPointer, _ buffer: BufferLayout) {
        var state: UInt64 = 0x9E37_79B9
        func random() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 16
        }
        func value() -> Double {
            switch buffer.fill {
            case .constant(let value): value
            case .uniform(let lower, let upper):
                lower + (upper - lower) * Double(random() & 0xFFFF_FFFF) * 0x1p-32
            }
        }
        for index in 0..<buffer.elementCount {
            let place = memory + index * buffer.element.size
            switch buffer.element {
            case .float32: place.storeBytes(of: Float(value()), as: Float.self)
            case .float64: place.storeBytes(of: value(), as: Double.self)
            case .int8: place.storeBytes(of: Int8(value().rounded()), as: Int8.self)
            case .uint8: place.storeBytes(of: UInt8(value().rounded()), as: UInt8.self)
            case .int32: place.storeBytes(of: Int32(value().rounded()), as: Int32.self)
            case .float16: place.storeBytes(of: Float16(value()), as: Float16.self)
            case .bfloat16:
                let bits = Float(value()).bitPattern
                place.storeBytes(of: UInt16((bits &+ 0x8000) >> 16), as: UInt16.self)
            case .q8_0, .q4_0:
                let range = buffer.element == .q8_0 ? 127.0 : 8
                place.storeBytes(of: Float16(value() / range), as: Float16.self)
                for byte in 2..<buffer.element.size {
                    place.storeBytes(
                        of: UInt8(truncatingIfNeeded: random()), toByteOffset: byte, as: UInt8.self)
                }
            }
        }
    }

    /// The outputs of a copy, as doubles: what contestants must agree on.
    func outputs(copy: Int) -> [Double] {
        var values: [Double] = []
        for (buffer, memory) in zip(layout.buffers, copies[copy]) where buffer.role == .output {
            for index in 0..<buffer.elementCount {
                let place = memory + index * buffer.element.size
                switch buffer.element {
                case .float32: values.append(Double(place.loadUnaligned(as: Float.self)))
                case .float64: values.append(place.loadUnaligned(as: Double.self))
                case .int32: values.append(Double(place.loadUnaligned(as: Int32.self)))
                default: continue
                }
            }
        }
        return values
    }

    func clearOutputs(copy: Int) {
        for (buffer, memory) in zip(layout.buffers, copies[copy]) where buffer.role == .output {
            memset(memory, 0xFF, buffer.elementCount * buffer.element.size)
        }
    }

    deinit {
        var seen: Set<UnsafeMutableRawPointer> = []
        for memory in copies.joined() where seen.insert(memory).inserted { memory.deallocate() }
    }
}
