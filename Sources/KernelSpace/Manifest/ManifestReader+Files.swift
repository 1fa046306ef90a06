import Yams

/// The manifest's text and the files it names.
extension ManifestReader {
    /// The tree of the only document of `text`.
    func compose(_ text: String) throws(KernelSpaceError) -> ManifestNode {
        func failure(_ message: String, _ line: Int = 1, _ column: Int = 1) -> KernelSpaceError {
            KernelSpaceError(
                .manifest, message, file: file, line: max(1, line), column: max(1, column))
        }
        guard text.utf8.count <= Bounds.manifestBytes else {
            throw failure("the manifest is larger than \(Bounds.manifestBytes) bytes")
        }
        if let place = anchor(in: text) {
            throw failure(
                "anchors and aliases (&name, *name) are not supported; repeat the text",
                place.line, place.column)
        }
        do {
            guard let root = try Yams.compose(yaml: text) else {
                throw failure("the manifest is empty")
            }
            return ManifestNode(node: root, file: file, path: "")
        } catch let error as KernelSpaceError {
            throw error
        } catch let error as YamlError {
            switch error {
            case .scanner(let context, let problem, let mark, _),
                .parser(let context, let problem, let mark, _),
                .composer(let context, let problem, let mark, _):
                if problem.hasPrefix("Maximum nesting level") {
                    throw failure("the manifest nests too deeply", mark.line, mark.column)
                }
                let start = context.map { "\($0.text) (line \($0.mark.line)), " } ?? ""
                throw failure("this is not YAML: \(start)\(problem)", mark.line, mark.column)
            case .reader(let problem, let offset, _, _):
                let place = place(offset ?? 0, in: text)
                throw failure("this is not YAML: \(problem)", place.line, place.column)
            case .duplicatedKeysInMapping(let duplicates, let context):
                let keys = duplicates.map { "\"\($0)\"" }.joined(separator: ", ")
                throw failure(
                    "the key \(keys) is given more than once, first here", context.mark.line,
                    context.mark.column)
            default:
                throw failure("this is not YAML: \(error)")
            }
        } catch {
            throw failure("this is not YAML: \(error)")
        }
    }

    /// Where the first anchor may start. They are refused before parsing, as nested ones describe trees of any size in a few
    /// lines and the parser hashes keys as wide as they are.
    private func anchor(in text: String) -> (line: Int, column: Int)? {
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            var previous: Unicode.Scalar = " "
            let scalars = Array(line.unicodeScalars)
            if scalars.first(where: { $0 != " " }) == "#" { continue }
            for (column, scalar) in scalars.enumerated() {
                if scalar == "&", " \t\r,:-?[{".unicodeScalars.contains(previous),
                    column + 1 < scalars.count,
                    !" \t\r&".unicodeScalars.contains(scalars[column + 1])
                {
                    return (number + 1, column + 1)
                }
                previous = scalar
            }
        }
        return nil
    }

    private func place(_ offset: Int, in text: String) -> (line: Int, column: Int) {
        let before = text.prefix(offset)
        let line = before.count { $0.isNewline } + 1
        let start =
            before.lastIndex(where: \.isNewline).map(before.index(after:)) ?? before.startIndex
        return (line, before[start...].unicodeScalars.count + 1)
    }

    /// The kernel's own Swift files and those of the folders it uses, by name; the reference's apart.
    func sources(uses: ManifestNode?, entry: ManifestNode, reference: ManifestNode)
        throws(KernelSpaceError) -> (variants: [Kernel.Source], reference: Kernel.Source)
    {
        let referenceName = try reference.text("a Swift file of the kernel's folder")
        guard referenceName.hasSuffix(".swift"), !referenceName.contains("/") else {
            throw reference.error(
                "\"\(referenceName.prefix(60))\" must be a Swift file of the kernel's folder")
        }
        var variants: [Kernel.Source] = []
        func append(_ name: String, _ path: String, _ place: ManifestNode) throws(KernelSpaceError)
        {
            guard variants.count < Bounds.sourceFiles else {
                throw place.error("more than \(Bounds.sourceFiles) Swift files are too many")
            }
            guard name != Kernel.generatedFile else {
                throw place.error("\(name) is the name of a generated file; rename yours")
            }
            guard !variants.contains(where: { $0.name == name }) else {
                throw place.error(
                    "there are two files \(name), which one module cannot have; rename one")
            }
            variants.append(Kernel.Source(name: name, text: try read(path, place)))
        }
        for name in try list(".", entry) where name != referenceName {
            try append(name, name, entry)
        }
        guard !variants.isEmpty else {
            throw entry.error("the kernel's folder has no Swift file besides the reference")
        }
        for folder in try uses?.items(atMost: Bounds.usedFolders) ?? [] {
            var path = try folder.text("a folder, relative to the kernel's")
            while path.hasSuffix("/"), path.count > 1 { path.removeLast() }
            guard !path.hasPrefix("/") else {
                throw folder.error("\(path) must be relative to the kernel's folder")
            }
            let names = try list(path, folder)
            guard !names.isEmpty else { throw folder.error("\(path) has no Swift files") }
            for name in names { try append(name, "\(path)/\(name)", folder) }
        }
        let text = try read(referenceName, reference)
        return (variants, Kernel.Source(name: referenceName, text: text))
    }

    private func list(_ folder: String, _ place: ManifestNode) throws(KernelSpaceError) -> [String]
    {
        do {
            return try listSwiftFiles(folder).sorted()
        } catch {
            throw place.error("cannot list the Swift files of \(folder): \(error)")
        }
    }

    private func read(_ path: String, _ place: ManifestNode) throws(KernelSpaceError) -> String {
        let text: String
        do {
            text = try readFile(path)
        } catch {
            throw place.error("cannot read \(path): \(error)")
        }
        guard text.utf8.count <= Bounds.sourceBytes else {
            throw place.error("\(path) is larger than \(Bounds.sourceBytes) bytes")
        }
        return text
    }
}
