import KernelSpace

/// A search space in T1, the exchange format of tuning problems
/// (https://github.com/odgaard/TuningSchema): domains as Python lists, constraints as Python expressions.
struct T1Space {
    var parameters: [Parameter]
    var constraints: [Constraint]

    init(parameters: [Parameter], constraints: [Constraint]) {
        self.parameters = parameters
        self.constraints = constraints
    }

    /// Reads the `ConfigurationSpace` of a T1 document.
    init(_ content: JSONValue) throws {
        parameters = try content.member("TuningParameters") { list in
            try list.elements { item in
                let name = try item.member("Name") { try $0.text() }
                let values = try item.member("Values") { try Self.values(in: try $0.text()) }
                return Parameter(name: name, role: .argument, values: values)
            }
        }
        let conditions = try content.optional("Conditions") { list in
            try list.elements { item in
                try item.member("Expression") { try Constraint(python: try $0.text()) }
            }
        }
        constraints = conditions ?? []
    }

    /// The `ConfigurationSpace` of a T1 document.
    var json: JSONValue {
        let parameters = parameters.map { parameter in
            JSONValue([
                ("Name", .text(parameter.name)), ("Type", .text(Self.type(of: parameter))),
                (
                    "Values",
                    .text("[\(parameter.values.map(\.literal).joined(separator: ", "))]")
                ),
            ])
        }
        let names = self.parameters.map(\.name)
        let conditions = constraints.map { constraint in
            JSONValue([
                ("Expression", .text(constraint.expression.source)),
                (
                    "Parameters",
                    .array(
                        names.filter(constraint.expression.names.contains).map(JSONValue.text))
                ),
            ])
        }
        return JSONValue([
            ("TuningParameters", .array(parameters)), ("Conditions", .array(conditions)),
        ])
    }

    private static func type(of parameter: Parameter) -> String {
        func all(_ isOfType: (Value) -> Bool) -> Bool { parameter.values.allSatisfy(isOfType) }
        if all({ $0.integer != nil }) { return "int" }
        if all({ if case .boolean = $0 { true } else { false } }) { return "bool" }
        if all({ if case .text = $0 { false } else { true } }) { return "float" }
        return "string"
    }

    /// The values of `[16, 32, 2**6]`, `['row', "column"]`, `[True, False]`.
    private static func values(in list: String) throws -> [Value] {
        let trimmed = list.drop { $0.isWhitespace }
        guard trimmed.first == "[", let end = trimmed.lastIndex(of: "]") else {
            throw Malformed("is \"\(list)\"; it must be a list such as \"[1, 2, 4]\"")
        }
        let inside = trimmed[trimmed.index(after: trimmed.startIndex)..<end]
        return try items(of: inside).map { item in
            do {
                let value = try Expression(item).evaluate([:])
                guard case .real(let real) = value else { return value }
                return Int(exactly: real).map(Value.integer) ?? value
            } catch {
                throw Malformed("the value \"\(item)\" cannot be read: \(error)")
            }
        }
    }

    /// What stands between the commas that are outside quotes and parentheses.
    private static func items(of list: Substring) -> [String] {
        var items: [String] = [""]
        var quote: Character?
        var depth = 0
        for character in list {
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if character == "(" {
                depth += 1
            } else if character == ")" {
                depth -= 1
            } else if character == ",", depth == 0 {
                items.append("")
                continue
            }
            items[items.count - 1].append(character)
        }
        // Python allows a comma at the end.
        if items.last?.allSatisfy(\.isWhitespace) ?? false { items.removeLast() }
        return items
    }
}

extension Constraint {
    /// A constraint of a recording, which is an expression in Python.
    init(python source: String) throws {
        do {
            try self.init(source)
        } catch {
            throw Malformed("the constraint \"\(source)\" cannot be read: \(error)")
        }
    }
}
