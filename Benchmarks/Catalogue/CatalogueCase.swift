import Foundation
import WorkerProtocol

/// A line of the catalogue's table: what is compared with whom, and how it must come out.
struct CatalogueCase: Decodable {
    /// What the ratio is taken of.
    enum Rival: String, Decodable {
        /// The best of the libraries that compute the same.
        case peers
        /// The memory at the same mix of reads and writes; see `Bound`.
        case read, copy, triad
        /// The multiply-add loop.
        case multiplyAdd
        /// What takes longer, the multiply-add loop or a copy.
        case roof
    }

    var name: String
    var kernel: String
    var problems: [String]
    var target: String
    var threads: Int?
    /// The manifest's without it.
    var cache: CachePolicy?
    var rival: Rival
    /// Whether the ratio is that of speed-ups, from one thread to `threads`: the kernel's to that of the rival loop.
    var speedup: Bool?
    /// What the geometric mean of the ratios must reach, and what each must.
    var bar: Double
    var least: Double?

    static func all(in file: String) throws -> [CatalogueCase] {
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        do {
            return try decoder.decode([Self].self, from: Data(contentsOf: URL(filePath: file)))
        } catch {
            throw BenchError(
                message: "cannot read the cases in \(file): \(error.localizedDescription) "
                    + "Give a file like Benchmarks/catalogue.json5.")
        }
    }
}
