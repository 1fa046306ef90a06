/// A unit that times in T4 may have.
struct TimeUnit: Hashable {
    /// A divisor, since 1000 has an exact value and 0.001 has none.
    let perSecond: Double

    static let milliseconds = TimeUnit(perSecond: 1e3)

    /// `miliseconds` is how Kernel Tuner spells them.
    private static let names: [String: Double] = [
        "s": 1, "seconds": 1, "ms": 1e3, "milliseconds": 1e3, "miliseconds": 1e3, "us": 1e6,
        "microseconds": 1e6, "ns": 1e9, "nanoseconds": 1e9,
    ]

    private init(perSecond: Double) { self.perSecond = perSecond }

    init(_ name: String) throws {
        guard let perSecond = Self.names[name.lowercased()] else {
            let known = Self.names.keys.sorted().joined(separator: ", ")
            throw Malformed("is \"\(name)\"; it must be one of \(known)")
        }
        self.perSecond = perSecond
    }
}
