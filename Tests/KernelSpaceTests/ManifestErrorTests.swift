import Testing

@testable import KernelSpace

struct ManifestErrorTests {
    /// What the sample says with `old` replaced by `new`.
    private func message(_ old: String, _ new: String) -> String {
        do throws(KernelSpaceError) {
            _ = try SampleManifest.kernel(SampleManifest.replacing(old, new))
            return "no error"
        } catch {
            #expect(error.code == .manifest)
            return error.description
        }
    }

    private func message(text: String, files: [String: String] = SampleManifest.files) -> String {
        do throws(KernelSpaceError) {
            _ = try SampleManifest.kernel(text, files: files)
            return "no error"
        } catch {
            return error.description
        }
    }

    @Test func `Every mistake gets its place, what is wrong and what is allowed`() {
        for (old, new, expected) in Self.rows {
            #expect(message(old, new) == "kernel.yaml:" + expected, "\(new)")
        }
    }

    @Test func `Text that is no manifest gets its place`() {
        #expect(message(text: "") == "kernel.yaml:1:1: the manifest is empty")
        #expect(
            message(text: "kernel")
                == "kernel.yaml:1:1: is \"kernel\", must be a mapping of keys to values")
        #expect(
            message(text: "kernel: a\nkernel: b\n")
                == "kernel.yaml:1:1: the key \"kernel\" is given more than once, first here")
        #expect(
            message(text: "kernel: [a\n")
                == "kernel.yaml:2:1: this is not YAML: while parsing a flow sequence (line 1), did not find expected ',' or ']'"
        )
        #expect(
            message(text: "a: b\n---\nc: d\n")
                == "kernel.yaml:2:1: this is not YAML: expected a single document in the stream (line 1), but found another document"
        )
        #expect(
            message(text: "kernel: a\nsummary: b\u{1}\n")
                == "kernel.yaml:2:11: this is not YAML: control characters are not allowed")
        #expect(
            message(text: "kernel: a\nuses: &x [1]\n")
                == "kernel.yaml:2:7: anchors and aliases (&name, *name) are not supported; repeat the text"
        )
        #expect(
            message(text: String(repeating: "[", count: 5000))
                == "kernel.yaml:1:1: the manifest nests too deeply")
        #expect(
            message(text: String(repeating: "- ", count: 5000))
                == "kernel.yaml:1:1999: the manifest nests too deeply")
        #expect(
            message(text: String(repeating: "# much\n", count: 40_000))
                == "kernel.yaml:1:1: the manifest is larger than 262144 bytes")
    }

    @Test func `Files that are missing or collide are errors at the key that names them`() {
        func message(_ change: (inout [String: String]) -> Void) -> String {
            var files = SampleManifest.files
            change(&files)
            return self.message(text: SampleManifest.text, files: files)
        }
        #expect(
            message { $0["Reference.swift"] = nil }
                == "kernel.yaml:9:9: reference.file: cannot read Reference.swift: no such file")
        #expect(
            message { $0["Sgemm.swift"] = nil }
                == "kernel.yaml:6:3: entry: the kernel's folder has no Swift file besides the reference"
        )
        #expect(
            message { $0["../Shared/Reduce.swift"] = nil }
                == "kernel.yaml:4:8: uses: cannot list the Swift files of ../Shared: no such file")
        #expect(
            message { $0["TunerdVariants.swift"] = "" }
                == "kernel.yaml:6:3: entry: TunerdVariants.swift is the name of a generated file; rename yours"
        )
        #expect(
            message { $0["../Shared/Sgemm.swift"] = "" }
                == "kernel.yaml:4:8: uses: there are two files Sgemm.swift, which one module cannot have; rename one"
        )
    }

    /// What is replaced, by what, and the error's text after the file name.
    private static let rows: [(String, String, String)] = [
        (
            "cache: hot", "cahce: hot",
            "38:1: unknown key \"cahce\", did you mean \"cache\"? allowed: kernel, summary, source, uses, entry, reference, dimensions, buffers, parameters, constraints, work, tolerance, cache, deterministic, verify, problems, defaults"
        ),
        ("cache: hot", "cache: warm", "38:8: cache: unknown value \"warm\"; allowed: hot, cold"),
        (
            "deterministic: true", "deterministic: yes",
            "47:16: deterministic: is \"yes\", must be true or false"
        ),
        (
            "cache: hot", "cache: {cold: x}",
            "38:15: cache.cold: unknown name \"x\", did you mean \"m\"? allowed: m, n, k, lda, ldb, ldc"
        ),
        (
            "cache: hot", "cache: {cold: n / k > 1}",
            "40:5: verify: sgemm: cache.cold, \"n / k > 1\", division by zero"
        ),
        ("cache: hot", "cache: {warm: m}", "38:9: cache: unknown key \"warm\"; allowed: cold"),
        ("cache: hot", "cache: [hot]", "38:8: cache: is a list, must be one of hot, cold"),
        (
            "cache: hot", "colour: red",
            "38:1: unknown key \"colour\"; allowed: kernel, summary, source, uses, entry, reference, dimensions, buffers, parameters, constraints, work, tolerance, cache, deterministic, verify, problems, defaults"
        ),
        (
            "tolerance: {absolute: 1e-6 * (k + 1), relative: 1e-5}\n", "",
            "1:1: the key \"tolerance\" is missing"
        ),
        (
            "relative: 1e-5", "relatve: 1e-5",
            "37:39: tolerance: unknown key \"relatve\", did you mean \"relative\"? allowed: absolute, relative"
        ),
        (
            "kernel: sgemm", "kernel: Sgemm-2",
            "1:9: kernel: \"Sgemm-2\" is no name for a kernel, which has the form [a-z][a-z0-9_]*, at most 64 characters"
        ),
        (
            "kernel: sgemm", "kernel: {a: b}",
            "1:9: kernel: is a mapping, must be a name of the form [a-z][a-z0-9_]*"
        ),
        (
            "type: Sgemm\n", "type: class\n",
            "6:9: entry.type: \"class\" is a keyword of Swift; name the type otherwise"
        ),
        (
            "type: Sgemm\n", "type: \"Sgemm; exit()\"\n",
            "6:9: entry.type: \"Sgemm; exit()\" is no name for a type; a name is a letter or _, then letters, digits or _"
        ),
        (
            "[mr, nv, unroll, lanes]", "[mr, nv, unroll]",
            "7:13: entry.generics: the specialization \"lanes\" is missing; list every one in the type's order"
        ),
        (
            "[mr, nv, unroll, lanes]", "[mr, nv, unroll, lanes, mc]",
            "7:37: entry.generics: \"mc\" is an argument, not a specialization; generic arguments are specializations"
        ),
        (
            "[mr, nv, unroll, lanes]", "[mr, nv, unroll, lanes, mr]",
            "7:37: entry.generics: \"mr\" is listed twice"
        ),
        (
            "[mr, nv, unroll, lanes]", "[mr, nv, unrol, lanes]",
            "7:22: entry.generics: unknown parameter \"unrol\", did you mean \"unroll\"? allowed: lanes, mr, nv, unroll"
        ),
        (
            "file: Reference.swift", "file: ../Reference.swift",
            "9:9: reference.file: \"../Reference.swift\" must be a Swift file of the kernel's folder"
        ),
        (
            "uses: [../Shared]", "uses: [/Shared]",
            "4:8: uses: /Shared must be relative to the kernel's folder"
        ),
        (
            "n: {summary: columns of B and C}", "min: {summary: columns of B and C}",
            "13:3: dimensions: \"min\" has a meaning in expressions; name the dimension otherwise"
        ),
        (
            "n: {summary: columns of B and C}", "m: {summary: columns of B and C}",
            "12:3: the key \"m\" is given more than once, first here"
        ),
        (
            "n: {summary: columns of B and C}", "cores: {}",
            "13:3: dimensions: \"cores\" has a meaning in expressions; name the dimension otherwise"
        ),
        (
            "n: {summary: columns of B and C}", "for: {}",
            "13:3: dimensions: \"for\" is a keyword of Swift; name the dimension otherwise"
        ),
        (
            "n: {summary: columns of B and C}", "2n: {}",
            "13:3: dimensions: \"2n\" is no name for a dimension; a name is a letter or _, then letters, digits or _"
        ),
        (
            "lda: {default: k, minimum", "lda: {default: ldb, minimum",
            "15:18: dimensions.lda.default: unknown name \"ldb\"; allowed: m, n, k"
        ),
        (
            "a: {role: input", "a: {role: inout",
            "19:13: buffers.a.role: unknown value \"inout\", did you mean \"input\"? allowed: input, output, scratch"
        ),
        (
            "a: {role: input, element: float32", "a: {role: input, element: float23",
            "19:29: buffers.a.element: unknown value \"float23\", did you mean \"float32\"? allowed: float32, float64, int8, uint8, int32, float16, bfloat16, q8_0, q4_0"
        ),
        (
            "shape: [m, k]", "shape: [m, kk]",
            "19:49: buffers.a.shape: unknown name \"kk\", did you mean \"k\"? allowed: m, n, k, lda, ldb, ldc"
        ),
        (
            "shape: [m, k]", "shape: [m * mr, k]",
            "19:50: buffers.a.shape: unknown name \"mr\", did you mean \"m\"? allowed: m, n, k, lda, ldb, ldc"
        ),
        (
            "shape: [m, k]", "shape: []",
            "19:45: buffers.a.shape: is empty; a buffer has at least one axis, a single value is [1]"
        ),
        ("shape: [m, k]", "shape: m", "19:45: buffers.a.shape: is \"m\", must be a list"),
        (
            "strides: [lda, 1]", "strides: [lda]",
            "19:62: buffers.a.strides: has 1 items for a shape of 2"
        ),
        (
            "strides: [lda, 1]", "strides: [1, lda]",
            "40:5: verify: sgemm: buffer a: the last stride must be 1, not [1, 0]"
        ),
        (
            "strides: [ldc, 1]}", "strides: [ldc, 1], fill: {constant: 0}}",
            "21:79: buffers.c.fill: only input buffers are filled; this one is output"
        ),
        (
            "strides: [ldb, 1], fill: {uniform: [-1, 1]}", "strides: [ldb, 1]",
            "20:6: buffers.b: the key \"fill\" is missing: {uniform: [-1, 1]} or {constant: 0}"
        ),
        (
            "strides: [ldb, 1], fill: {uniform: [-1, 1]}",
            "strides: [ldb, 1], fill: {uniform: [1, -1]}",
            "20:88: buffers.b.fill.uniform: the lower bound 1.0 is above the upper bound -1.0"
        ),
        (
            "strides: [ldb, 1], fill: {uniform: [-1, 1]}",
            "strides: [ldb, 1], fill: {uniform: [-1, one]}",
            "20:93: buffers.b.fill.uniform: is \"one\", must be a number"
        ),
        (
            "strides: [ldb, 1], fill: {uniform: [-1, 1]}",
            "strides: [ldb, 1], fill: {constant: 1e39}",
            "20:89: buffers.b.fill.constant: 1e+39 does not fit float32"
        ),
        (
            "c: {role: output", "c: {role: scratch",
            "21:64: buffers.c.strides: scratch buffers have no strides"
        ),
        (
            "[\"(mc + kc) * nc\"]", "[\"(mc + xc) * nc\"]",
            "22:60: buffers.packed.shape: unknown name \"xc\", did you mean \"mc\"? allowed: m, n, k, lda, ldb, ldc, lanes, mr, nv, unroll, mc, kc, nc, threads"
        ),
        (
            "[\"(mc + kc) * nc\"]", "[\"(mc + kc * nc\"]",
            "22:67: buffers.packed.shape: expected \")\", found the end"
        ),
        (
            "values: [4, 8, 16]", "values: [4, 8, 12]",
            "24:68: parameters.lanes.values: a vector cannot have 12 lanes; allowed: 2, 4, 8, 16, 32, 64"
        ),
        (
            "element: float32, values", "element: bfloat16, values",
            "24:44: parameters.lanes.element: vectors have no bfloat16 lanes; allowed: float32, float64, int8, uint8, int32"
        ),
        (
            "element: float32, values", "values",
            "24:10: parameters.lanes: the key \"element\" is missing: the type of a vector's lanes"
        ),
        (
            "mr: {specialization: integer", "mr: {specialization: integer, element: int8",
            "25:42: parameters.mr.element: only specialization: vector has an element"
        ),
        (
            "mr: {specialization: integer", "mr: {specialization: number",
            "25:24: parameters.mr.specialization: unknown value \"number\"; allowed: integer, vector"
        ),
        (
            "mr: {specialization: integer", "mr: {argument: integer, specialization: integer",
            "25:7: parameters.mr: must have either specialization: integer or vector (part of the machine code), or argument: integer or threads (given at run time)"
        ),
        (
            "mr: {specialization: integer, values: 1..6}", "mr: {values: 1..6}",
            "25:7: parameters.mr: must have either specialization: integer or vector (part of the machine code), or argument: integer or threads (given at run time)"
        ),
        (
            "mr: {specialization: integer", "m: {specialization: integer",
            "25:3: parameters: there are two things of the name \"m\"; name the parameter otherwise"
        ),
        (
            "mr: {specialization: integer", "lanes: {specialization: integer",
            "24:3: the key \"lanes\" is given more than once, first here"
        ),
        ("values: 1..6", "values: 6..1", "25:41: parameters.mr.values: the range 6..1 is empty"),
        (
            "values: 1..6", "values: 1..9223372036854775807",
            "25:41: parameters.mr.values: the range 1..9223372036854775807 has more than 4096 values"
        ),
        (
            "values: 1..6", "values: -9223372036854775808..9223372036854775807",
            "25:41: parameters.mr.values: the range -9223372036854775808..9223372036854775807 has more than 4096 values"
        ),
        (
            "values: 1..6", "values: few",
            "25:41: parameters.mr.values: is \"few\", must be a list of integers or a range like 1..8"
        ),
        (
            "values: 1..6", "values: []",
            "25:41: parameters.mr.values: a parameter needs at least one value"
        ),
        (
            "values: 1..6", "vals: 1..6",
            "25:33: parameters.mr: unknown key \"vals\", did you mean \"values\"? allowed: specialization, argument, element, values, summary"
        ),
        (
            "values: [48, 96, 192]", "values: [48, 96, 48]",
            "28:44: parameters.mc.values: the value 48 is listed twice"
        ),
        (
            "values: [48, 96, 192]", "values: [48, 96, 1.5]",
            "28:44: parameters.mc.values: is \"1.5\", must be an integer"
        ),
        (
            "values: [48, 96, 192]", "values: [48, 96, \"192\"]",
            "28:44: parameters.mc.values: is the text \"192\", must be an integer"
        ),
        (
            "threads, values: [1, 2, 4, 8]", "threads, values: [0, 2, 4, 8]",
            "31:41: parameters.threads.values: 0 threads cannot enter a variant; at least 1 must"
        ),
        (
            "nc: {argument: integer", "nc: {argument: threads",
            "31:12: parameters.threads: there is an argument of threads already; one is allowed"
        ),
        (
            "- threads <= cores", "- threads <= core",
            "35:16: constraints: unknown name \"core\", did you mean \"cores\"? allowed: lanes, mr, nv, unroll, mc, kc, nc, threads, m, n, k, lda, ldb, ldc, vector_bytes, vector_registers, cores"
        ),
        (
            "- threads <= cores", "- 'threads <= core'",
            "35:17: constraints: unknown name \"core\", did you mean \"cores\"? allowed: lanes, mr, nv, unroll, mc, kc, nc, threads, m, n, k, lda, ldb, ldc, vector_bytes, vector_registers, cores"
        ),
        (
            "- threads <= cores", "- threads <=",
            "35:15: constraints: expected a value, found the end"
        ),
        (
            "- threads <= cores", "- {threads: cores}",
            "35:5: constraints: is a mapping, must be an expression"
        ),
        (
            "flops: 2 * m * n * k", "flops: 2 * mr",
            "36:19: work.flops: unknown name \"mr\", did you mean \"m\"? allowed: m, n, k, lda, ldb, ldc"
        ),
        (
            "flops: 2 * m * n * k", "flops: 1 - m",
            "41:5: verify: sgemm: work.flops, \"1 - m\", is -6, must be a number of at least 0"
        ),
        (
            "figure: flops", "figure: calls",
            "36:74: work.figure: unknown value \"calls\"; allowed: flops, bytes"
        ),
        (
            "relative: 1e-5", "relative: k / (k - 5)",
            "41:5: verify: sgemm: tolerance.relative, \"k / (k - 5)\", division by zero"
        ),
        ("lda: 9, ldb: 20", "lda: 4, ldb: 20", "41:5: verify: sgemm: lda=4 is less than 5 (k)"),
        (
            "lda: 9, ldb: 20", "lda: nine, ldb: 20",
            "41:30: verify.lda: is \"nine\", must be an integer"
        ),
        (
            "lda: 9, ldb: 20", "ld: 9, ldb: 20",
            "41:25: verify: unknown key \"ld\", did you mean \"lda\"? allowed: m, n, k, lda, ldb, ldc"
        ),
        (
            "- {m: 512, n: 512, k: 512}", "- {m: 512, n: 512}",
            "43:5: problems: sgemm: the dimension k is missing; a problem gives m, n, k"
        ),
        ("  - {m: 512, n: 512, k: 512}", "  []", "43:3: problems: at least one problem is needed"),
        (
            "  - {m: 512, n: 512, k: 512}",
            "  - {m: 1, n: 1, k: 1}\n  - {m: 1, n: 1, k: 1, lda: 1}",
            "44:5: problems: the problem is listed twice"
        ),
        (
            "any: {lanes: 4, mr: 4", "all: {lanes: 4, mr: 4",
            "46:3: defaults: unknown target \"all\"; allowed: cpu-sse4.2, cpu-avx2, cpu-avx512, cpu-avx512-vnni, any"
        ),
        (
            "any: {lanes: 4, mr: 4", "any: {lanes: 4, mr: 7",
            "46:23: defaults.any.mr: 7 is not among the values of mr"
        ),
        (
            "any: {lanes: 4, mr: 4", "any: {lanes: 4",
            "46:8: defaults.any: the key \"mr\" is missing"
        ),
        (
            "any: {lanes: 4, mr: 4", "any: {lanes: 4, mr: 4, ms: 1",
            "46:26: defaults.any: unknown key \"ms\", did you mean \"mr\"? allowed: lanes, mr, nv, unroll, mc, kc, nc, threads"
        ),
    ]
}
