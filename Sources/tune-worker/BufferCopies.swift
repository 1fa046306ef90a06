import Glibc
import WorkerProtocol

/// Copies of a problem's buffers that a cold measurement rotates through, the guarded ones being the first.
struct BufferCopies {
    /// How far the copies exceed the last-level cache: with its replacement being less than perfect, twice its size still hits.
    private static let cacheMultiple = 4
    /// Bound of the memory: some hosts report the cache of a whole socket (260 MiB and more) to a small guest.
    private static let maximumBytes = 1 << 30
    private static let maximumCopies = 1 << 14
    private static let line = 64
    private static let page = 4096

    /// Addresses in the layout's order, one array a copy; scratch is shared.
    let addresses: [[UnsafeMutableRawPointer]]

    /// The guarded buffers alone.
    init(hot buffers: ProblemBuffers) {
        addresses = [buffers.buffers.map(\.start)]
    }

    /// Throws `.outOfMemory`. The memory is never released: the process ends with its problem.
    init(cold buffers: ProblemBuffers) throws(WorkerFault) {
        let layout = buffers.layout
        let footprint = max(
            layout.buffers.reduce(0) { $0 + ($1.role == .scratch ? 0 : Self.span($1)) }, Self.line)
        let wanted = min(Self.cacheMultiple * Self.lastLevelCacheBytes, Self.maximumBytes)
        let copies = min(max((wanted + footprint - 1) / footprint, 1), Self.maximumCopies)
        let first = buffers.buffers.map(\.start)
        guard copies > 1 else {
            addresses = [first]
            return
        }
        let total = (copies - 1) * footprint
        guard
            let memory = mmap(
                nil, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED
        else { throw WorkerFault(.outOfMemory(limit: total)) }
        var all = [first]
        var at = memory
        for _ in 1..<copies {
            var copy: [UnsafeMutableRawPointer] = []
            for (index, buffer) in layout.buffers.enumerated() {
                guard buffer.role != .scratch else {
                    copy.append(first[index])
                    continue
                }
                let place = Self.place(of: buffer, notBefore: at)
                place.copyMemory(from: first[index], byteCount: buffer.byteCount)
                copy.append(place)
                at = place + buffer.byteCount
            }
            all.append(copy)
        }
        addresses = all
    }

    /// Where an allocator would put a buffer: see `GuardedBuffer`.
    private static func place(of buffer: BufferLayout, notBefore address: UnsafeMutableRawPointer)
        -> UnsafeMutableRawPointer
    {
        hasOwnPages(buffer)
            ? address.alignedUp(toMultipleOf: page) + GuardedBuffer.offsetInPage
            : address.alignedUp(toMultipleOf: line)
    }

    /// Bytes that a buffer needs at most, wherever the one before it ends.
    private static func span(_ buffer: BufferLayout) -> Int {
        let lines = (buffer.byteCount + line - 1) / line * line
        return hasOwnPages(buffer) ? page + GuardedBuffer.offsetInPage + lines : lines
    }

    private static func hasOwnPages(_ buffer: BufferLayout) -> Bool {
        buffer.byteCount >= GuardedBuffer.bytesWithOwnPages
    }

    /// The largest cache that core 0 reports; 32 MiB where none does.
    private static var lastLevelCacheBytes: Int {
        var largest = 0
        for index in 0..<8 {
            let path = "/sys/devices/system/cpu/cpu0/cache/index\(index)/size"
            guard let file = fopen(path, "re") else { continue }
            defer { fclose(file) }
            var text = [UInt8](repeating: 0, count: 32)
            let count = fread(&text, 1, text.count, file)
            let digits = text.prefix(count).prefix { (0x30...0x39).contains($0) }
            let number = Int(String(decoding: digits, as: UTF8.self)) ?? 0
            let unit = text[digits.count]
            let scale = unit == UInt8(ascii: "K") ? 10 : unit == UInt8(ascii: "M") ? 20 : 0
            largest = max(largest, number << scale)
        }
        return largest > 0 ? largest : 32 << 20
    }
}
