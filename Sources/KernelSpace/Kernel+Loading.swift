extension Kernel {
    /// Reads a manifest. `readFile` gives the text of a path relative to the kernel's folder (`kernel.yaml` names its sources) and
    /// `listSwiftFiles` the names of the Swift files of a folder relative to it (`.` is the kernel's own): the only I/O, done by
    /// the caller. Throws `KernelSpaceError` with file, line and column.
    public init(
        manifest: String, file: String, readFile: (String) throws -> String,
        listSwiftFiles: (String) throws -> [String]
    ) throws(KernelSpaceError) {
        self = try withoutActuallyEscaping(readFile) { read throws(KernelSpaceError) in
            try withoutActuallyEscaping(listSwiftFiles) { list throws(KernelSpaceError) in
                try ManifestReader(file: file, readFile: read, listSwiftFiles: list).kernel(
                    manifest)
            }
        }
    }
}
