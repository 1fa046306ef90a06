import KernelSpace

/// Which of two configurations that are as fast is kept: the simpler, by fewer threads, then less code, then its number in the space.
///
/// Fewer threads leave cores to others and time steadier. Code grows with the product of the integer generic arguments, which
/// unroll loops and tile registers; the width of vectors does not add to it. The number only makes the choice definite.
struct Simplicity: Comparable {
    private let threads: Int
    private let code: Int
    private let number: SearchSpace.Number

    init(_ configuration: Configuration, in space: SearchSpace) {
        func product(_ isCounted: (Parameter.Role) -> Bool) -> Int {
            space.parameters.filter { isCounted($0.role) }.reduce(1) {
                let value = max(configuration[$1.name]?.integer ?? 1, 1)
                let (product, overflow) = $0.multipliedReportingOverflow(by: value)
                return overflow ? .max : product
            }
        }
        threads = product { $0 == .threads }
        code = product { $0 == .integer }
        number = space.number(of: configuration) ?? space.count
    }

    static func < (a: Simplicity, b: Simplicity) -> Bool {
        (a.threads, a.code, a.number) < (b.threads, b.code, b.number)
    }
}
