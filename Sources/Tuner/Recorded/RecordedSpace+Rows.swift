import KernelSpace
import WorkerProtocol

extension RecordedSpace {
    /// `recorded-space/1`: parameters and constraints, then a table with a row a configuration.
    init(recordedSpace1 content: JSONValue) throws {
        let parameters = try content.member("params") { try $0.elements(Self.parameter) }
        let constraints = try content.optional("restrictions") {
            try $0.elements { try Constraint(python: $0.text()) }
        }
        let columns = try content.member("columns") { try $0.elements { try $0.text() } }
        let table = try Table(columns: columns, parameters: parameters)
        let sizes = try content.optional("problem_size") { try $0.sizes() }
        try self.init(
            origin: Origin(
                kernel: try content.member("kernel") { try $0.text() },
                problem: sizes ?? "",
                device: try content.optional("device") { try $0.text() } ?? ""),
            parameters: parameters, constraints: constraints ?? [],
            rows: try content.member("rows") { try $0.elements(table.read) },
            rowName: { "rows[\($0)]" })
    }

    private static func parameter(_ item: JSONValue) throws -> Parameter {
        let name = try item.member("name") { try $0.text() }
        let values = try item.member("values") { try $0.elements { try $0.parameterValue() } }
        return Parameter(name: name, role: .argument, values: values)
    }

    /// Where the columns of a row are.
    private struct Table {
        let width: Int
        let parameters: [(name: String, column: Int)]
        let time: Int
        let status: Int

        init(columns: [String], parameters: [Parameter]) throws {
            func column(_ name: String) throws -> Int {
                if let column = columns.firstIndex(of: name) { return column }
                throw Malformed("there is no column \"\(name)\"", place: "columns")
            }
            width = columns.count
            time = try column("time_ms")
            status = try column("status")
            var found: [(name: String, column: Int)] = []
            for parameter in parameters {
                found.append((parameter.name, try column(parameter.name)))
            }
            self.parameters = found
        }

        func read(_ row: JSONValue) throws -> (Configuration, Outcome) {
            let cells = try row.array()
            guard cells.count == width else {
                throw Malformed("has \(cells.count) cells for \(width) columns")
            }
            var values: [String: Value] = [:]
            for (name, column) in parameters {
                values[name] = try Malformed.at(name) {
                    try cells[column].parameterValue()
                }
            }
            return (Configuration(values), try outcome(cells))
        }

        private func outcome(_ cells: [JSONValue]) throws -> Outcome {
            switch cells[status] {
            case .integer(0):
                let milliseconds = try Malformed.at("time_ms") {
                    try cells[time].time()
                }
                return .measured(seconds: milliseconds / 1000, runTimes: [])
            case .integer(1):
                return .failed(.recorded(.compile, message: "compilation failed"))
            case .integer(2): return .failed(.recorded(.runtime, message: "runtime failed"))
            case .integer(3): return .failed(.recorded(.constraints, message: "other invalid"))
            default: throw Malformed("must be 0 (ok), 1, 2 or 3", place: "status")
            }
        }
    }
}
