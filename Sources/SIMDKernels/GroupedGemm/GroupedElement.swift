import CSIMD

/// What a grouped product multiplies: how its elements lie in memory and how groups of them are packed into 32 bits.
enum GroupedElement {
    /// uint8 in A, int8 in B.
    case bytes
    case bfloat16

    /// Bytes of an element in memory.
    var size: Int { self == .bytes ? 1 : 2 }
    /// Elements of a group.
    var group: Int { Int(self == .bytes ? simd_u8s8_group() : simd_bf16_group()) }
    /// Whether groups hold elements as they lie in memory, so that A can be read in place.
    var isNative: Bool { size &* group == 4 }

    /// The group of `count` rows of B in one column, zeros after them.
    @inline(__always)
    func groupOfB(_ column: UnsafeRawPointer, _ ldb: Int, _ count: Int) -> UInt32 {
        var bits: UInt32 = 0
        for place in 0..<count {
            let element = column + place &* ldb
            bits |= position(
                self == .bytes
                    ? UInt32(truncatingIfNeeded: element.load(as: Int8.self))
                    : UInt32(element.loadUnaligned(as: UInt16.self)), place)
        }
        return bits
    }

    /// An element at its place in a group: widened to an integer of 32 / group bits, or as the upper half of a float.
    @inline(__always)
    private func position(_ element: UInt32, _ place: Int) -> UInt32 {
        if self == .bfloat16 && group == 1 { return element << 16 }
        let width = UInt32(32 / group)
        return (element & (UInt32.max >> (32 &- width))) << (UInt32(place) &* width)
    }
}
