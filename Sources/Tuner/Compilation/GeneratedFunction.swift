import KernelSpace
import WorkerProtocol

/// One C function of a generated file: a variant, or the reference of a kernel.
struct GeneratedFunction: Hashable, Sendable {
    /// What the machine code is cached under: sources, headers, flags, compiler and the function's own line are in it.
    let key: Fingerprint
    /// The Swift line without its symbol: what is called, as `Sgemm<6, 2, 1, SIMD8<Float>>.run(call, thread)`.
    let body: String
    /// Parameters of the C function, as Swift writes them.
    let signature: String

    /// The function's name in the object.
    var symbol: String { "k" + key.hex.prefix(24) }

    /// The whole line: one a function, so that a diagnostic's line names the culprit.
    var line: String {
        "@_cdecl(\"\(symbol)\") public func \(symbol)(\(signature)) { \(body) }"
    }
}

/// What one compiler call is given: sources, flags and the functions that are wanted.
struct CompileUnit: Sendable {
    /// Hash of the sources and of everything else that all functions share.
    let key: Fingerprint
    let sources: [Kernel.Source]
    let flags: [String]
    var functions: [GeneratedFunction]
    /// Whether so many functions are made from the sources that these are worth a module.
    let usesModule: Bool

    /// Text of the generated file for some of the functions, with the kernel's sources in `module` or, nil, beside the file.
    static func generatedSource(
        of functions: some Sequence<GeneratedFunction>, importing module: String?
    ) -> String {
        let imports = module.map { "import CSIMD; @testable import \($0)" } ?? "import CSIMD"
        return ([imports] + functions.map(\.line)).joined(separator: "\n") + "\n"
    }
}

/// Everything outside a kernel that its machine code depends on.
struct CodeContext: Sendable {
    /// Full text of `swiftc --version`.
    let compilerBuild: String
    /// Hash of the headers kernels import.
    let headers: Fingerprint
    let target: Target

    /// The variants of `specializations`, in their order.
    func variants(of kernel: Kernel, _ specializations: [Configuration]) -> CompileUnit {
        unit(
            of: kernel.sources,
            signature: "_ call: UnsafePointer<KernelCall>, _ thread: Int",
            bodies: specializations.map { specialization in
                let arguments = kernel.genericArguments(of: specialization)
                return "\(kernel.entryType)<\(arguments)>.run(call, thread)"
            }, usesModule: true)
    }

    /// The reference, compiled with the target's flags too: it must run on the same host, and faster is welcome.
    func reference(of kernel: Kernel) -> CompileUnit {
        unit(
            of: kernel.referenceSources,
            signature: "_ call: UnsafePointer<KernelCall>, _ row: Int, "
                + "_ out: UnsafeMutablePointer<Double>",
            bodies: ["\(kernel.referenceType).row(call, row, out)"], usesModule: false)
    }

    private func unit(
        of sources: [Kernel.Source], signature: String, bodies: [String], usesModule: Bool
    ) -> CompileUnit {
        let flags = ["-target", target.triple] + target.flags
        var shared = [
            (name: "compiler", value: compilerBuild), (name: "headers", value: headers.hex),
            (
                name: "options",
                value: (Compiler.options + Compiler.moduleOptions).joined(separator: " ")
            ),
            (name: "flags", value: flags.joined(separator: " ")),
        ]
        for source in sources.sorted(by: { $0.name < $1.name }) {
            shared.append((name: "source " + source.name, value: source.text))
        }
        // The sources are hashed once, not once a function.
        let common = Fingerprint(shared)
        let functions = bodies.map { body in
            GeneratedFunction(
                key: Fingerprint([
                    (name: "unit", value: common.hex), (name: "signature", value: signature),
                    (name: "body", value: body),
                ]),
                body: body, signature: signature)
        }
        return CompileUnit(
            key: common, sources: sources, flags: flags, functions: functions,
            usesModule: usesModule)
    }
}

extension Kernel {
    /// `6, 2, 1, SIMD8<Float>`: the specialization's values in the order of the type's generic arguments.
    func genericArguments(of specialization: Configuration) -> String {
        generics.map { name in
            let value = specialization[name].map(\.description) ?? "_"
            let role = parameters.first { $0.name == name }?.role
            if case .vector(let element) = role { return "SIMD\(value)<\(element.swiftName)>" }
            return value
        }.joined(separator: ", ")
    }
}

extension ElementType {
    /// The Swift type of one lane; types without vectors travel as their bits.
    var swiftName: String {
        switch self {
        case .float32: "Float"
        case .float64: "Double"
        case .int8: "Int8"
        case .uint8: "UInt8"
        case .int32: "Int32"
        case .float16, .bfloat16: "UInt16"
        case .q8_0, .q4_0: "UInt8"
        }
    }
}
