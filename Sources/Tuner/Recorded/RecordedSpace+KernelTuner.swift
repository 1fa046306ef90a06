import KernelSpace
import WorkerProtocol

extension RecordedSpace {
    /// Kernel Tuner's cache file: the domains, then every configuration that was tried.
    ///
    /// It does not hold the constraints, so the configurations in it are the valid ones. Times are in milliseconds.
    init(kernelTunerCache content: JSONValue) throws {
        let names = try content.member("tune_params_keys") { try $0.elements { try $0.text() } }
        let parameters = try content.member("tune_params") { domains in
            try names.map { name in
                let values = try domains.member(name) { list in
                    try list.elements { try $0.parameterValue() }
                }
                return Parameter(name: name, role: .argument, values: values)
            }
        }
        let entries = try content.member("cache") { try $0.object() }
        func rowName(_ index: Int) -> String { "cache[\"\(entries[index].name)\"]" }
        let rows = try entries.indices.map { index in
            try Malformed.at(rowName(index)) {
                (
                    try Configuration(names, of: entries[index].value),
                    try Self.outcome(entries[index].value)
                )
            }
        }
        let sizes = try content.optional("problem_size") { try $0.sizes() }
        try self.init(
            origin: Origin(
                kernel: try content.member("kernel_name") { try $0.text() }, problem: sizes ?? "",
                device: try content.optional("device_name") { try $0.text() } ?? ""),
            parameters: parameters, constraints: nil, rows: rows, rowName: rowName)
    }

    /// Earlier versions of Kernel Tuner wrote 10²⁰ as the time of what failed, and published caches still hold it.
    private static let failureTime = 1e20

    private static func outcome(_ entry: JSONValue) throws -> Outcome {
        if let error = entry["__error__"], error != .null {
            return .failed(
                try Malformed.at("__error__") { try Failure(kernelTuner: try error.text()) })
        }
        if case .text(let error)? = entry["time"] {
            return .failed(try Malformed.at("time") { try Failure(kernelTuner: error) })
        }
        let runTimes = try entry.optional("times") { list in
            try list.elements { try $0.time() / 1000 }
        }
        let milliseconds = try entry.member("time") { try $0.time() }
        guard milliseconds < Self.failureTime else {
            return .failed(.recorded(.runtime, message: "time \(milliseconds)"))
        }
        return .measured(seconds: milliseconds / 1000, runTimes: runTimes ?? [])
    }
}

extension JSONValue {
    /// The text of a cache that Kernel Tuner is still writing, closed after its last whole entry; nil if it is no such text.
    static func unclosedCache(_ bytes: [UInt8]) -> JSONValue? {
        var rest = bytes[...]
        // The last line may be half written, the one before it is whole.
        for _ in 0..<2 {
            while let last = rest.last, last <= 32 || last == UInt8(ascii: ",") {
                rest.removeLast()
            }
            // What cannot be closed is reported as it was found, without the closing.
            if let content = try? JSONParser.parse(Array(rest) + Array("}}".utf8)),
                content["cache"] != nil
            {
                return content
            }
            rest = rest[..<(rest.lastIndex(of: UInt8(ascii: "\n")) ?? rest.startIndex)]
        }
        return nil
    }
}

extension Failure {
    /// The class names that Kernel Tuner writes in place of a time.
    private static let kernelTunerNames: [String: Invalidity] = [
        "InvalidConfig": .constraints, "CompilationFailedConfig": .compile,
        "RuntimeFailedConfig": .runtime,
    ]

    init(kernelTuner name: String) throws {
        guard let invalidity = Self.kernelTunerNames[name] else {
            let known = Self.kernelTunerNames.keys.sorted().joined(separator: ", ")
            throw Malformed("is \"\(name)\"; it must be a time or one of \(known)")
        }
        self = .recorded(invalidity, message: name)
    }
}
