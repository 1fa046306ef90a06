import KernelSpace
import Tuner

// What is on disk. An identity longer than `Schema.nameLimit` bytes is cut and ends in its hash.
//
//   <state directory>/                                                      mode 0700
//   ├── lock                      process id of the writer, who holds flock on it
//   ├── db.new/                   a database being made; left behind only by a crash, then removed
//   └── db/                       `mdb_dump -p -s records <state directory>/db` reads it
//       ├── lock.mdb              LMDB's readers and writer
//       └── data.mdb              as long as LMDB's map, but takes only the space that is used
//           ├── meta         schema                            → schema version of the database
//           ├── sessions     <session>                         → Session
//           ├── trials       <session>/<entry>/<number>        → Trial        ten digits each
//           ├── evaluations  <64 hexadecimal digits>           → Evaluation
//           ├── records      <kernel>/<problem>/<target>/<device, 12 digits> → TuningRecord
//           ├── events       <session>/<number>                → Event        ten digits
//           ├── trialLogs    <kernel>/<session>/<entry>        → TrialLog     ten digits
//           └── priors       <session>/<entry>                 → [Prior]      ten digits
//
// Every value is one line of JSON, an `Envelope` round the model's own JSON with sorted keys:
//
//   {"schema":5,"sum":"<16 hexadecimal digits>","value":…}

/// A named database of the environment: one kind of value each.
enum SubDatabase: String, CaseIterable {
    case meta, sessions, trials, evaluations, records, events, trialLogs, priors
}

/// Keys of the tree above, and the version of what is stored under them.
enum Schema {
    /// Raised when a stored form changes; an older tunerd then refuses the database.
    static let version = 5

    static let versionKey = Array("schema".utf8)

    /// Longest name kept whole, in bytes: with `/`, ten digits, `/`, ten digits after it 487 of
    /// LMDB's 511 bytes.
    static let nameLimit = 465

    static func session(_ id: String) -> [UInt8] { name(id) }

    static func evaluation(_ key: Fingerprint) -> [UInt8] { Array(key.hex.utf8) }

    static func record(_ key: RecordKey) -> [UInt8] { name(key.text) }

    /// What the keys of all records and logs of `kernel` begin with; a long name's end is left to the
    /// caller to compare.
    static func kernelPrefix(_ kernel: String) -> [UInt8] {
        Array("\(kernel)/".utf8.prefix(readablePrefix))
    }

    static func trialPrefix(session: String, entry: Int?) -> [UInt8] {
        let prefix = name(session) + slash
        return entry.map { prefix + digits($0) + slash } ?? prefix
    }

    static func trial(session: String, entry: Int, number: Int) -> [UInt8] {
        trialPrefix(session: session, entry: entry) + digits(number)
    }

    static func eventPrefix(session: String) -> [UInt8] { name(session) + slash }

    static func event(session: String, number: Int) -> [UInt8] {
        eventPrefix(session: session) + digits(number)
    }

    static func trialLog(_ log: TrialLog) -> [UInt8] {
        name("\(log.key.kernel)/\(log.session)") + slash + digits(log.entry)
    }

    static func priors(session: String, entry: Int) -> [UInt8] {
        name(session) + slash + digits(entry)
    }

    /// Digits of an entry's or trial's or event's number; `Change.numberLimit` is the largest that
    /// fits.
    static let numberWidth = 10

    private static let slash = Array("/".utf8)

    /// Bytes of a long name that stay readable before `#` and the 64 digits of its hash.
    private static let readablePrefix = nameLimit - 65

    private static func name(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.count > nameLimit else { return bytes }
        let hash = Fingerprint([("name", text)]).hex
        return bytes.prefix(readablePrefix) + Array("#\(hash)".utf8)
    }

    private static func digits(_ number: Int) -> [UInt8] {
        let text = Array(String(number).utf8)
        return Array(repeating: UInt8(ascii: "0"), count: max(numberWidth - text.count, 0)) + text
    }
}
