import WorkerProtocol

/// An element type as Swift sees it.
protocol Scalar: BitwiseCopyable {
    /// Whether no arithmetic on finite inputs yields the poison: true for the NaNs, false for integers.
    static var poisonIsUnmistakable: Bool { get }
    /// What unwritten memory holds. Two patterns, because an integer result may happen to equal one of them, but not both.
    static func poison(_ pattern: PoisonPattern) -> Self
    init(rounding value: Double)
    var double: Double { get }
    /// Relative distance of neighbours, between 1 and 2; 0 for integers, whose neighbours are 1 apart everywhere.
    static var epsilon: Double { get }
    /// Distance of neighbours at `magnitude`, which is finite.
    static func spacing(at magnitude: Double) -> Double
    func hasSameBits(as other: Self) -> Bool
}

enum PoisonPattern { case first, second }

extension ElementType {
    var scalar: any Scalar.Type {
        switch self {
        case .float32: Float.self
        case .float64: Double.self
        case .int8: Int8.self
        case .uint8: UInt8.self
        case .int32: Int32.self
        case .float16: Float16.self
        case .bfloat16: BFloat16.self
        case .q8_0: BlockQ8.self
        case .q4_0: BlockQ4.self
        }
    }
}

extension Float: Scalar {
    static var poisonIsUnmistakable: Bool { true }
    static func poison(_ pattern: PoisonPattern) -> Float {
        Float(bitPattern: pattern == .first ? 0x7FDA_5A5A : 0x7FE5_A5A5)
    }
    init(rounding value: Double) { self = Float(value) }
    var double: Double { Double(self) }
    static var epsilon: Double { Double(Float.ulpOfOne) }
    static func spacing(at magnitude: Double) -> Double { Double(Float(magnitude).ulp) }
    func hasSameBits(as other: Float) -> Bool { bitPattern == other.bitPattern }
}

extension Float16: Scalar {
    static var poisonIsUnmistakable: Bool { true }
    static func poison(_ pattern: PoisonPattern) -> Float16 {
        Float16(bitPattern: pattern == .first ? 0x7EDA : 0x7F25)
    }
    init(rounding value: Double) { self = Float16(value) }
    var double: Double { Double(self) }
    static var epsilon: Double { Double(Float16.ulpOfOne) }
    static func spacing(at magnitude: Double) -> Double { Double(Float16(magnitude).ulp) }
    func hasSameBits(as other: Float16) -> Bool { bitPattern == other.bitPattern }
}

extension Double: Scalar {
    static var poisonIsUnmistakable: Bool { true }
    static func poison(_ pattern: PoisonPattern) -> Double {
        Double(bitPattern: pattern == .first ? 0x7FFA_5A5A_5A5A_5A5A : 0x7FFC_A5A5_A5A5_A5A5)
    }
    init(rounding value: Double) { self = value }
    var double: Double { self }
    static var epsilon: Double { Double.ulpOfOne }
    static func spacing(at magnitude: Double) -> Double { magnitude.ulp }
    func hasSameBits(as other: Double) -> Bool { bitPattern == other.bitPattern }
}

extension FixedWidthInteger where Self: Scalar {
    static var poisonIsUnmistakable: Bool { false }
    static func poison(_ pattern: PoisonPattern) -> Self {
        Self(truncatingIfNeeded: pattern == .first ? 0x5A5A_5A5A : 0xA5A5_A5A5)
    }
    init(rounding value: Double) {
        let nearest = value.rounded()
        self = Self(exactly: nearest) ?? (nearest < 0 ? Self.min : Self.max)
    }
    var double: Double { Double(self) }
    static var epsilon: Double { 0 }
    static func spacing(at magnitude: Double) -> Double { 1 }
    func hasSameBits(as other: Self) -> Bool { self == other }
}

extension Int8: Scalar {}
extension UInt8: Scalar {}
extension Int32: Scalar {}

/// The upper half of a Float.
struct BFloat16: Scalar {
    var bits: UInt16

    static var poisonIsUnmistakable: Bool { true }
    static func poison(_ pattern: PoisonPattern) -> BFloat16 {
        BFloat16(bits: pattern == .first ? 0x7FDA : 0x7FE5)
    }
    init(bits: UInt16) { self.bits = bits }
    /// To nearest, ties to even. `value` is finite: fills are.
    init(rounding value: Double) {
        let wide = Float(value).bitPattern
        bits = UInt16(truncatingIfNeeded: (wide &+ 0x7FFF &+ (wide >> 16 & 1)) >> 16)
    }
    var double: Double { Double(Float(bitPattern: UInt32(bits) << 16)) }
    static var epsilon: Double { Double(Float.ulpOfOne) * 0x1p16 }
    static func spacing(at magnitude: Double) -> Double {
        Double(Float(magnitude).ulp) * 0x1p16
    }
    func hasSameBits(as other: BFloat16) -> Bool { bits == other.bits }
}
