import KernelSpace
import WorkerProtocol

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension RecordedSpace {
    /// T4, the exchange format of tuning results (https://github.com/odgaard/TuningSchema).
    ///
    /// The search space is `space`, else the one in the metadata, as tunerd writes it. Without either, the parameters are those of
    /// the configurations, with the values that occur, and the configurations in the file are the valid ones.
    init(t4 content: JSONValue, space: T1Space?) throws {
        let results = try content.member("results") { try $0.array() }
        func rowName(_ index: Int) -> String { "results[\(index)]" }
        let metadata = content["metadata"] ?? .object([])
        let unit = try Malformed.at("metadata") {
            try metadata.optional("timeunit") { try TimeUnit(try $0.text()) }
        }
        let known =
            try space
            ?? Malformed.at("metadata") {
                try metadata.optional("space") { try T1Space($0) }
            }
        let parameters = try known?.parameters ?? Self.parameters(of: results)
        let names = parameters.map(\.name)
        let rows = try results.enumerated().map { index, result in
            try Malformed.at(rowName(index)) {
                (
                    try result.member("configuration") { try Self.configuration($0, of: names) },
                    try Self.outcome(result, unit: unit ?? .milliseconds)
                )
            }
        }
        func said(_ name: String) throws -> String {
            try Malformed.at("metadata") { try metadata.optional(name) { try $0.text() } } ?? ""
        }
        try self.init(
            origin: Origin(
                kernel: try said("kernel"), problem: try said("problem"),
                device: try said("device")),
            parameters: parameters, constraints: known?.constraints, rows: rows, rowName: rowName)
    }

    /// Numbers in ascending order, so that neighbours are near; anything else as it first occurs.
    private static func parameters(of results: [JSONValue]) throws -> [Parameter] {
        guard let first = results.first else { throw Malformed("results is empty") }
        let members = try Malformed.at("results[0]") {
            try first.member("configuration") { try $0.object() }
        }
        var found = Dictionary(
            uniqueKeysWithValues: members.map { ($0.name, (seen: Set<Value>(), values: [Value]())) }
        )
        for (index, result) in results.enumerated() {
            for member in try result["configuration"]?.object() ?? [] {
                let value = try Malformed.at("results[\(index)].configuration.\(member.name)") {
                    try member.value.parameterValue()
                }
                guard found[member.name]?.seen.insert(value).inserted ?? false else { continue }
                found[member.name]?.values.append(value)
            }
        }
        return members.map { member in
            let values = found[member.name]?.values ?? []
            let numbers = values.compactMap(\.number)
            return Parameter(
                name: member.name, role: .argument,
                values: numbers.count == values.count
                    ? values.sorted { ($0.number ?? 0) < ($1.number ?? 0) } : values)
        }
    }

    private static func configuration(_ object: JSONValue, of names: [String]) throws
        -> Configuration
    {
        for member in try object.object() where !names.contains(member.name) {
            throw Malformed("the space has no parameter \"\(member.name)\"")
        }
        return try Configuration(names, of: object)
    }

    private static func outcome(_ result: JSONValue, unit: TimeUnit) throws -> Outcome {
        let invalidity = try result.member("invalidity") { try $0.text() }
        guard invalidity == "correct" else {
            return .failed(
                try Malformed.at("invalidity") { try Failure(t4: invalidity, of: result) })
        }
        let runTimes = try result.member("times") { times in
            try times.optional("runtimes") { list in
                try list.elements { try $0.time() / unit.perSecond }
            }
        }
        return .measured(
            seconds: try seconds(of: result, runTimes: runTimes ?? [], unit: unit),
            runTimes: runTimes ?? [])
    }

    /// The measurement called `time`, else the mean of the run times.
    private static func seconds(of result: JSONValue, runTimes: [Double], unit: TimeUnit) throws
        -> Double
    {
        let measurements = try result.optional("measurements") { try $0.array() } ?? []
        for (index, measurement) in measurements.enumerated()
        where measurement["name"] == .text("time") {
            return try Malformed.at("measurements[\(index)]") {
                let own = try measurement.optional("unit") { text in
                    text == .text("") ? unit : try TimeUnit(try text.text())
                }
                return try measurement.member("value") { try $0.time() / (own ?? unit).perSecond }
            }
        }
        guard !runTimes.isEmpty else {
            throw Malformed("is \"correct\" but has neither a measurement \"time\" nor run times")
        }
        return runTimes.reduce(0, +) / Double(runTimes.count)
    }
}

extension Value {
    fileprivate var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .real(let value): value
        case .text, .boolean: nil
        }
    }
}

extension Failure {
    /// tunerd adds the whole failure; others tell the class and, in place of the time, a name.
    fileprivate init(t4 invalidity: String, of result: JSONValue) throws {
        if let own = result["failure"] {
            do {
                self = try JSONDecoder().decode(Failure.self, from: Data(own.serialized.utf8))
            } catch {
                throw Malformed("\"failure\" cannot be read: \(error)")
            }
            return
        }
        guard let known = Invalidity(rawValue: invalidity) else {
            throw Malformed(
                "is \"\(invalidity)\"; it must be correct, timeout, compile, runtime, correctness "
                    + "or constraints")
        }
        var message = invalidity
        if case .array(let measurements)? = result["measurements"] {
            for measurement in measurements {
                if case .text(let name)? = measurement["value"] { message = name }
            }
        }
        self = .recorded(known, message: message)
    }
}
