import Testing

@testable import KernelSpace

/// Whatever the bytes, reading ends in a kernel or a `KernelSpaceError` with a place.
struct ManifestFuzzTests {
    private func read(_ text: String) -> Bool {
        do throws(KernelSpaceError) {
            let kernel = try SampleManifest.kernel(text)
            _ = kernel.fingerprint
            return true
        } catch {
            #expect(error.file == "kernel.yaml" && error.line ?? 0 > 0 && error.column ?? 0 > 0)
            return false
        }
    }

    @Test(arguments: [1 as UInt64, 2, 3])
    func `Arbitrary bytes never trap`(seed: UInt64) {
        var random = SplitMix(seed: seed)
        for _ in 0..<500 {
            let bytes = (0..<random.below(200)).map { _ in UInt8(random.below(256)) }
            #expect(!read(String(decoding: bytes, as: UTF8.self)))
        }
    }

    @Test(arguments: [1 as UInt64, 2, 3, 4])
    func `A damaged manifest never traps`(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let pieces = [
            "", " ", "\n", ":", "-", "[", "]", "{", "}", "'", "\"", "#", "&a ", "*a", "|", "?", "!",
            "9223372036854775807", "-9223372036854775808", "1e308", "**", "\0", "%", "~", "<<: ",
        ].map { Array($0.utf8) }
        let whole = Array(SampleManifest.text.utf8)
        var accepted = 0
        for _ in 0..<250 {
            var bytes = whole
            for _ in 0...random.below(3) {
                let start = random.below(bytes.count)
                let end = min(bytes.count, start + random.below(12))
                bytes.replaceSubrange(start..<end, with: pieces[random.below(pieces.count)])
            }
            if read(String(decoding: bytes, as: UTF8.self)) { accepted += 1 }
        }
        #expect(accepted < 250)
    }

    @Test func `Each line may be missing and each prefix stand alone`() {
        let lines = SampleManifest.text.split(separator: "\n")
        for number in lines.indices {
            var rest = lines
            rest.remove(at: number)
            _ = read(rest.joined(separator: "\n"))
            _ = read(lines[..<number].joined(separator: "\n"))
        }
    }
}
