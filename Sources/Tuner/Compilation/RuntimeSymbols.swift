#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Tells whether the symbols that an object leaves open are the C library's.
enum RuntimeSymbols {
    /// The mathematical library, whose own needs include the C library. Never closed: it is part of this program anyway.
    private nonisolated(unsafe) static let library = dlopen("libm.so.6", RTLD_LAZY)

    /// What is wrong with needing these symbols; nil when the C library has them all.
    static func complaint(about needed: [String]) -> String? {
        let runtime = needed.filter(isOfSwift)
        if !runtime.isEmpty {
            return "needs the Swift runtime: \(list(runtime)); a variant may use neither classes, "
                + "arrays, existentials nor escaping closures"
        }
        let unknown = needed.filter { dlsym(library, $0) == nil }
        return unknown.isEmpty
            ? nil : "needs what the C library does not have: \(list(unknown))"
    }

    private static func isOfSwift(_ symbol: String) -> Bool {
        ["$s", "$e", "swift_", "_swift"].contains(where: symbol.hasPrefix)
    }

    private static func list(_ symbols: [String]) -> String {
        let first = symbols.sorted().prefix(3).joined(separator: ", ")
        return symbols.count > 3 ? "\(first) and \(symbols.count - 3) more" : first
    }
}
