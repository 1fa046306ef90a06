import WorkerProtocol

/// A block of quantised weights as an element. Blocks are inputs only: they are made, told apart and never computed with.
protocol Block: Scalar {
    /// The greatest magnitude of a quantised value.
    static var range: Double { get }
    /// `scale` as the bits of a float16; the quantised values from the bits that `next` draws.
    init(scale: UInt16, _ next: () -> UInt64)
    var scale: UInt16 { get }
}

extension Block {
    static var poisonIsUnmistakable: Bool { true }
    static func poison(_ pattern: PoisonPattern) -> Self {
        Self(scale: Float16.poison(pattern).bitPattern) {
            pattern == .first ? 0x5A5A_5A5A_5A5A_5A5A : 0xA5A5_A5A5_A5A5_A5A5
        }
    }
    /// Values of at most `value`, in magnitude, that are a function of it.
    init(rounding value: Double) {
        var state = value.bitPattern
        self.init(scale: Float16(value / Self.range).bitPattern) {
            state &+= 0x9E37_79B9_7F4A_7C15
            return SplitMix.mix(state)
        }
    }
    /// The greatest value that it can hold.
    var double: Double { Double(Float16(bitPattern: scale)) * Self.range }
    static var epsilon: Double { Double(Float16.ulpOfOne) }
    static func spacing(at magnitude: Double) -> Double { magnitude / range }
    func hasSameBits(as other: Self) -> Bool {
        withUnsafeBytes(of: self) { own in
            withUnsafeBytes(of: other) { own.elementsEqual($0) }
        }
    }
}

/// See ElementType.q8_0.
struct BlockQ8: Block {
    let scale: UInt16
    private let quants: InlineArray<32, Int8>

    static var range: Double { 127 }
    init(scale: UInt16, _ next: () -> UInt64) {
        self.scale = scale
        var bits: UInt64 = 0
        quants = InlineArray { index in
            if index % 8 == 0 { bits = next() }
            defer { bits >>= 8 }
            // ggml's quantiser leaves out −128.
            return max(Int8(truncatingIfNeeded: bits), -127)
        }
    }
}

/// See ElementType.q4_0.
struct BlockQ4: Block {
    let scale: UInt16
    private let nibbles: InlineArray<16, UInt8>

    static var range: Double { 8 }
    init(scale: UInt16, _ next: () -> UInt64) {
        self.scale = scale
        var bits: UInt64 = 0
        nibbles = InlineArray { index in
            if index % 8 == 0 { bits = next() }
            defer { bits >>= 8 }
            return UInt8(truncatingIfNeeded: bits)
        }
    }
}
