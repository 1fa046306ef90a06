import WorkerProtocol

extension Kernel {
    /// Hash of what could change an evaluation: sources (shared ones included), entry, buffers, fills, reference, tolerance, cache policy,
    /// verify problems. Domains, constraints, summary and defaults are not in it.
    ///
    /// Names and roles of dimensions and parameters are: their order is the order of the ABI.
    public var fingerprint: Fingerprint {
        var parts: [(name: String, value: String)] = [("kernel", name)]
        for source in sources {
            parts += [("source", source.name), ("text", source.text)]
        }
        for source in referenceSources {
            parts += [("reference source", source.name), ("text", source.text)]
        }
        parts += [("entry", entryType), ("reference", referenceType)]
        parts += generics.map { ("generic", $0) }
        parts += parameters.map { ("parameter", "\($0.name) \(Self.text($0.role))") }
        parts += dimensions.map { ("dimension", $0.name) }
        for buffer in buffers {
            parts.append(
                ("buffer", "\(buffer.name) \(buffer.role.rawValue) \(buffer.element.rawValue)"))
            parts += buffer.shape.map { ("axis", $0.source) }
            parts += buffer.strides.map { ("stride", $0.source) }
            parts.append(("fill", Self.text(buffer.fill)))
        }
        parts += [
            ("absolute", absoluteTolerance.source), ("relative", relativeTolerance.source),
            ("cache", caching.description),
        ]
        parts += verifyProblems.map { ("verify", $0.canonical) }
        return Fingerprint(parts)
    }

    private static func text(_ role: Parameter.Role) -> String {
        switch role {
        case .integer: "integer"
        case .vector(let element): "vector \(element.rawValue)"
        case .argument: "argument"
        case .threads: "threads"
        }
    }

    private static func text(_ fill: Fill) -> String {
        switch fill {
        case .uniform(let lower, let upper): "uniform \(lower) \(upper)"
        case .constant(let value): "constant \(value)"
        }
    }
}
