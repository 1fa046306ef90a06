import Glibc

/// Floats that end at a page nobody may touch: a read or write past the end ends the test process.
final class GuardedFloats {
    let count: Int
    let pointer: UnsafeMutablePointer<Float>
    private let mapping: UnsafeMutableRawPointer
    private let length: Int

    init(_ values: [Float]) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let bytes = (values.count * 4 + page - 1) / page * page
        length = bytes + page
        guard
            let address = mmap(
                nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            address != MAP_FAILED, mprotect(address + bytes, page, PROT_NONE) == 0
        else { fatalError("cannot map \(length) bytes: errno \(errno)") }
        mapping = address
        count = values.count
        pointer = (address + bytes - values.count * 4).assumingMemoryBound(to: Float.self)
        for (index, value) in values.enumerated() { pointer[index] = value }
    }

    convenience init(count: Int, value: Float = .nan) {
        self.init(Array(repeating: value, count: count))
    }

    /// Uniform in [-1, 1].
    convenience init(count: Int, using generator: inout some RandomNumberGenerator) {
        self.init((0..<count).map { _ in Float.random(in: -1...1, using: &generator) })
    }

    deinit { munmap(mapping, length) }

    var values: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }
}
