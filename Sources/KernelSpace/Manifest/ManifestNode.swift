import Yams

/// A node of a manifest with its place: reads values of one kind or throws what is wrong at that place.
struct ManifestNode {
    let node: Node
    let file: String
    /// The keys that lead here, `parameters.mr`; empty at the root.
    let path: String

    /// An error at this node; `message` says what is wrong and what is allowed.
    func error(_ message: String) -> KernelSpaceError {
        let subject = path.isEmpty ? "" : "\(path): "
        return KernelSpaceError(
            .manifest, subject + message, file: file, line: node.mark?.line ?? 1,
            column: node.mark?.column ?? 1)
    }

    private func child(_ node: Node, _ key: String) -> ManifestNode {
        ManifestNode(node: node, file: file, path: path.isEmpty ? key : "\(path).\(key)")
    }

    /// Whether the node has keys and values.
    var isMapping: Bool {
        if case .mapping = node { true } else { false }
    }

    /// What the node is, for messages.
    private var kind: String {
        switch node {
        case .scalar(let scalar) where scalar.string.isEmpty: "empty"
        case .scalar(let scalar):
            (scalar.style == .plain ? "" : "the text ") + "\"\(scalar.string.prefix(60))\""
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .alias: "an alias"
        }
    }

    /// Keys and values in the author's order; an empty value is an empty mapping.
    func entries(atMost limit: Int) throws(KernelSpaceError) -> [(
        key: ManifestNode, value: ManifestNode
    )] {
        if case .scalar(let scalar) = node, scalar.string.isEmpty, scalar.style == .plain {
            return []
        }
        guard case .mapping(let mapping) = node else {
            throw error("is \(kind), must be a mapping of keys to values")
        }
        guard mapping.count <= limit else {
            throw error("has \(mapping.count) entries, at most \(limit) are allowed")
        }
        var entries: [(key: ManifestNode, value: ManifestNode)] = []
        for (key, value) in mapping {
            let name = ManifestNode(node: key, file: file, path: path)
            entries.append((name, child(value, try name.text("a key"))))
        }
        return entries
    }

    /// The values of a mapping whose keys are known.
    func fields(_ allowed: [String], required: [String] = []) throws(KernelSpaceError)
        -> [String: ManifestNode]
    {
        var fields: [String: ManifestNode] = [:]
        for (key, value) in try entries(atMost: Bounds.entries) {
            let name = try key.text("a key")
            guard allowed.contains(name) else {
                throw key.error(unknown("key", name, allowed: allowed))
            }
            fields[name] = value
        }
        for name in required where fields[name] == nil {
            throw error("the key \"\(name)\" is missing")
        }
        return fields
    }

    func items(atMost limit: Int) throws(KernelSpaceError) -> [ManifestNode] {
        guard case .sequence(let sequence) = node else {
            throw error("is \(kind), must be a list")
        }
        guard sequence.count <= limit else {
            throw error("has \(sequence.count) items, at most \(limit) are allowed")
        }
        return sequence.map { ManifestNode(node: $0, file: file, path: path) }
    }

    /// A scalar's text, not empty. `what` says what it should be.
    func text(_ what: String) throws(KernelSpaceError) -> String {
        guard case .scalar(let scalar) = node, !scalar.string.isEmpty else {
            throw error("is \(kind), must be \(what)")
        }
        return scalar.string
    }

    /// A scalar's text, possibly empty: summaries and the like.
    func prose() throws(KernelSpaceError) -> String {
        guard case .scalar(let scalar) = node else { throw error("is \(kind), must be text") }
        return scalar.string
    }

    func integer() throws(KernelSpaceError) -> Int {
        guard case .scalar(let scalar) = node, scalar.style == .plain,
            let value = Int(scalar.string)
        else { throw error("is \(kind), must be an integer") }
        return value
    }

    func real() throws(KernelSpaceError) -> Double {
        guard case .scalar(let scalar) = node, scalar.style == .plain,
            let value = Double(scalar.string), value.isFinite
        else { throw error("is \(kind), must be a number") }
        return value
    }

    func truth() throws(KernelSpaceError) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain,
            let value = Bool(scalar.string)
        else { throw error("is \(kind), must be true or false") }
        return value
    }

    /// One of the raw values of an enumeration.
    func choice<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type)
        throws(KernelSpaceError) -> Choice where Choice.RawValue == String
    {
        let allowed = Choice.allCases.map(\.rawValue)
        let name = try text("one of \(allowed.joined(separator: ", "))")
        guard let choice = Choice(rawValue: name) else {
            throw error(unknown("value", name, allowed: allowed))
        }
        return choice
    }

    /// An expression that reads only `names`; its errors are placed within the scalar.
    func expression(reading names: [String]) throws(KernelSpaceError) -> Expression {
        let source = try text("an expression")
        let expression: Expression
        do {
            expression = try Expression(source)
        } catch {
            throw placed(error.message, column: error.column ?? 1)
        }
        for slot in expression.slots where !names.contains(slot.name) {
            throw placed(unknown("name", slot.name, allowed: names), column: slot.column)
        }
        return expression
    }

    /// An error within a one-line scalar; block scalars are folded, so theirs stands at the scalar.
    private func placed(_ message: String, column: Int) -> KernelSpaceError {
        var error = error(message)
        guard case .scalar(let scalar) = node, let start = error.column else { return error }
        switch scalar.style {
        case .plain: error.column = start + column - 1
        case .singleQuoted, .doubleQuoted: error.column = start + column
        default: break
        }
        return error
    }

    /// A name of the expression language that is no word of it and not yet in `taken`.
    func name(_ what: String, taken: [String]) throws(KernelSpaceError) -> String {
        let name = try identifier(what)
        if ExpressionLexer.words.contains(name) || Target.constantNames.contains(name) {
            throw error("\"\(name)\" has a meaning in expressions; name the \(what) otherwise")
        }
        guard !taken.contains(name) else {
            throw error("there are two things of the name \"\(name)\"; name the \(what) otherwise")
        }
        return name
    }

    /// An identifier of Swift in ASCII: it reaches generated source.
    func identifier(_ what: String) throws(KernelSpaceError) -> String {
        let name = try text("the name of a \(what)")
        guard isIdentifier(name) else {
            throw error(
                "\"\(name.prefix(60))\" is no name for a \(what); a name is a letter or _, then letters, digits or _"
            )
        }
        guard !swiftKeywords.contains(name) else {
            throw error("\"\(name)\" is a keyword of Swift; name the \(what) otherwise")
        }
        return name
    }
}
