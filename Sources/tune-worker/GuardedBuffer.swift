import CProcess
import Glibc
import WorkerProtocol

/// Where a buffer lies between its guards.
enum Placement {
    /// It begins right after the front guard: what reads or writes before it faults.
    case front
    /// It ends right before the rear guard, aligned only to its element: what goes past its end faults.
    case rear
    /// It begins where an allocator would put it. Where in a page a matrix begins can be worth a tenth of a kernel's speed.
    case allocated
}

/// Memory between two inaccessible ranges. What rounding to pages leaves is filled with a canary.
final class GuardedBuffer {
    /// Wide enough for a vector access that starts in bounds and for a stride error of a few rows.
    private static let guardBytes = 64 << 10
    /// Allocators give so many bytes pages of their own, and keep their notes at the start of these.
    static let bytesWithOwnPages = 128 << 10
    /// Where in a page a buffer that has its own begins.
    static let offsetInPage = 64
    private static let launch = UInt64.random(in: .min ... .max)
    private static let canary: UInt8 = 0xC5

    let start: UnsafeMutableRawPointer
    let byteCount: Int
    private let mapping: UnsafeMutableRawPointer
    private let mappedBytes: Int
    private let guardSlot: Int32
    private var usableStart: UnsafeMutableRawPointer { mapping + Self.guardBytes }
    private var usableBytes: Int { mappedBytes - 2 * Self.guardBytes }

    /// Zeroed. Nil when the address space or the number of mappings is used up.
    init?(byteCount: Int, placement: Placement, problem: String, name: String) {
        let page = Int(getpagesize())
        let (rounded, overflow) = byteCount.addingReportingOverflow(
            (placement == .allocated ? page : 0) + page - 1 + 2 * Self.guardBytes)
        guard !overflow, byteCount >= 0 else { return nil }
        mappedBytes = (rounded - 2 * Self.guardBytes) / page * page + 2 * Self.guardBytes
        guard
            let memory = mmap(
                nil, mappedBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
            memory != MAP_FAILED
        else { return nil }
        mapping = memory
        let usable = mappedBytes - 2 * Self.guardBytes
        let first = memory + Self.guardBytes
        if usable > 0, mprotect(first, usable, PROT_READ | PROT_WRITE) != 0 {
            munmap(memory, mappedBytes)
            return nil
        }
        self.byteCount = byteCount
        start =
            switch placement {
            case .front: first
            case .rear: first + (usable - byteCount)
            case .allocated: first + Self.offset(of: byteCount, name)
            }
        guardSlot = cworker_add_guard(
            memory, first, first + usable, memory + mappedBytes, problem, name)
        writeCanary()
    }

    /// Where in a page an allocator begins a buffer: of those that share pages any line, another in each launch but the same for all candidates.
    private static func offset(of byteCount: Int, _ name: String) -> Int {
        guard byteCount < bytesWithOwnPages else { return offsetInPage }
        return Int(name.utf8.reduce(launch) { SplitMix.mix($0 ^ UInt64($1)) } % 64) * 64
    }

    /// Makes good what an earlier candidate may have overwritten round the buffer.
    func writeCanary() {
        let front = start - usableStart
        memset(usableStart, Int32(Self.canary), front)
        memset(start + byteCount, Int32(Self.canary), usableBytes - front - byteCount)
    }

    /// Offset from `start` of the first byte outside the buffer that was written to, or nil.
    func firstBrokenCanary() -> Int? {
        let bytes = UnsafeRawBufferPointer(start: usableStart, count: usableBytes)
        let front = start - usableStart
        for index in 0..<front where bytes[index] != Self.canary { return index - front }
        for index in (front + byteCount)..<usableBytes where bytes[index] != Self.canary {
            return index - front
        }
        return nil
    }

    deinit {
        cworker_remove_guard(guardSlot)
        munmap(mapping, mappedBytes)
    }
}
