@testable import KernelSpace

/// A manifest that uses every key, with the files it names.
enum SampleManifest {
    static let text = """
        kernel: sgemm
        summary: Row-major single-precision matrix product, C = A·B.
        source: Goto and van de Geijn, 2008.
        uses: [../Shared]
        entry:
          type: Sgemm
          generics: [mr, nv, unroll, lanes]
        reference:
          file: Reference.swift
          type: SgemmReference
        dimensions:
          m: {summary: rows of A and C}
          n: {summary: columns of B and C}
          k:
          lda: {default: k, minimum: k, summary: distance between rows of A}
          ldb: {default: n, minimum: n}
          ldc: {default: n, minimum: n}
        buffers:
          a: {role: input, element: float32, shape: [m, k], strides: [lda, 1], fill: {uniform: [-1, 1]}}
          b: {role: input, element: float32, shape: [k, n], strides: [ldb, 1], fill: {uniform: [-1, 1]}}
          c: {role: output, element: float32, shape: [m, n], strides: [ldc, 1]}
          packed: {role: scratch, element: float32, shape: ["(mc + kc) * nc"]}
        parameters:
          lanes: {specialization: vector, element: float32, values: [4, 8, 16], summary: lanes of a vector}
          mr: {specialization: integer, values: 1..6}
          nv: {specialization: integer, values: [1, 2, 3, 4]}
          unroll: {specialization: integer, values: [1, 2, 4]}
          mc: {argument: integer, values: [48, 96, 192]}
          kc: {argument: integer, values: [128, 256, 512]}
          nc: {argument: integer, values: [512, 1024, 4096]}
          threads: {argument: threads, values: [1, 2, 4, 8]}
        constraints:
          - lanes * 4 <= vector_bytes
          - mr * nv + nv + 1 <= vector_registers
          - threads <= cores
        work: {flops: 2 * m * n * k, bytes: 4 * (m * k + k * n + m * n), figure: flops}
        tolerance: {absolute: 1e-6 * (k + 1), relative: 1e-5}
        cache: hot
        verify:
          - {m: 0, n: 0, k: 0}
          - {m: 7, n: 17, k: 5, lda: 9, ldb: 20, ldc: 19}
        problems:
          - {m: 512, n: 512, k: 512}
        defaults:
          cpu-avx2: {lanes: 8, mr: 6, nv: 2, unroll: 1, mc: 96, kc: 256, nc: 4096, threads: 4}
          any: {lanes: 4, mr: 4, nv: 2, unroll: 1, mc: 96, kc: 256, nc: 4096, threads: 1}
        deterministic: true
        """

    static let files = [
        "Sgemm.swift": "enum Sgemm {}", "Reference.swift": "enum SgemmReference {}",
        "../Shared/Reduce.swift": "func reduce() {}",
    ]

    struct Missing: Error, CustomStringConvertible { let description = "no such file" }

    static func kernel(_ text: String = text, files: [String: String] = files)
        throws(KernelSpaceError) -> Kernel
    {
        try Kernel(
            manifest: text, file: "kernel.yaml",
            readFile: { path in
                guard let text = files[path] else { throw Missing() }
                return text
            },
            listSwiftFiles: { folder in
                let prefix = folder == "." ? "" : folder + "/"
                let names = files.keys.filter { $0.hasPrefix(prefix) }
                    .map { String($0.dropFirst(prefix.count)) }.filter { !$0.contains("/") }
                guard !names.isEmpty else { throw Missing() }
                return names
            })
    }

    /// The sample with the only occurrence of `old` replaced.
    static func replacing(_ old: String, _ new: String) -> String {
        let parts = text.split(separator: old, omittingEmptySubsequences: false)
        precondition(parts.count == 2, "\"\(old)\" occurs \(parts.count - 1) times, not once")
        return parts.joined(separator: new)
    }
}
