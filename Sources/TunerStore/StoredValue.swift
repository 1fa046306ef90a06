import Tuner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Models to the bytes of a value and back; every failure is a `.storage` error that names the key.
enum StoredValue {
    static func encode(
        _ model: some Encodable, in database: SubDatabase, key: [UInt8], path: String
    ) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: infinity, negativeInfinity: negativeInfinity, nan: notANumber)
        do {
            let json = try encoder.encode(model)
            return Envelope.seal(Array(json), schema: Schema.version, in: database, key: key)
        } catch {
            throw TunerError(.storage, "cannot store \(name(database, key)) in \(path): \(error)")
        }
    }

    static func decode<Model: Decodable>(
        _ bytes: [UInt8], in database: SubDatabase, key: [UInt8], path: String
    ) throws -> Model {
        let opened: (schema: Int, json: ArraySlice<UInt8>)
        do throws(Envelope.Damage) {
            opened = try Envelope.open(bytes, in: database, key: key)
        } catch {
            throw TunerError(
                .storage, "cannot read \(name(database, key)) in \(path): \(reason(error))",
                hint: "restore \(path) from a copy; the other values can be read")
        }
        guard opened.schema == Schema.version else { throw otherVersion(opened.schema, path: path) }
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: infinity, negativeInfinity: negativeInfinity, nan: notANumber)
        do {
            return try decoder.decode(Model.self, from: Data(opened.json))
        } catch {
            throw TunerError(
                .storage, "cannot read \(name(database, key)) in \(path): \(error)",
                hint: "another version of tunerd wrote it: use that one, or another state directory"
            )
        }
    }

    static func otherVersion(_ version: Int, path: String) -> TunerError {
        let age = version > Schema.version ? "newer" : "older"
        return TunerError(
            .storage,
            """
            cannot open \(path): it is of schema version \(version), \(age) than this tunerd's \
            \(Schema.version)
            """,
            hint: "use the tunerd that wrote it, or another state directory")
    }

    // JSON has no such numbers. A parameter's text reads `inf` more likely than these.
    private static let infinity = "Double.infinity"
    private static let negativeInfinity = "-Double.infinity"
    private static let notANumber = "Double.nan"

    private static func reason(_ damage: Envelope.Damage) -> String {
        switch damage {
        case .notAnEnvelope: "the value is damaged, not what tunerd stores"
        case .wrongSum: "the value is damaged, its checksum does not match"
        }
    }

    private static func name(_ database: SubDatabase, _ key: [UInt8]) -> String {
        "\(database.rawValue)/\(String(decoding: key, as: UTF8.self))"
    }
}
