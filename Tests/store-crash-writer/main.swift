// Commits to a state directory until it is killed, and says so after each commit:
//
//   store-crash-writer DIRECTORY FIRST-NUMBER SAMPLES [FILE-LIMIT]
//
// Trial n, event n and evaluation n are one commit; `n` is printed once it is durable. FILE-LIMIT
// bytes stand for a full disk.

import KernelSpace
import Tuner
import TunerStore
import WorkerProtocol

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

func say(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    // One write a line: the reader never sees a part of one.
    _ = write(STDOUT_FILENO, bytes, bytes.count)
}

func changes(_ number: Int, samples: Int) -> [Change] {
    let key = Fingerprint([("number", "\(number)")])
    let measurement = Measurement(
        samples: (0..<samples).map { Double($0) / 7 + Double(number) }, callsPerSample: 1,
        seconds: Double(number))
    let verification = Verification(
        worstToleranceShare: 0.5, relativeErrorNorm: 1e-7, comparedElements: number)
    let evaluation = Evaluation(.measured(measurement, verification))
    let trial = Trial(
        session: "crash", entry: 0, number: number, configuration: Configuration([:]),
        evaluationKey: key, evaluation: evaluation, reused: false)
    let event = Event(
        session: "crash", number: number, time: Double(number), body: .trial(trial))
    return [.evaluation(key, evaluation), .trial(trial), .event(event)]
}

let arguments = CommandLine.arguments
guard arguments.count >= 4, var number = Int(arguments[2]), let samples = Int(arguments[3]) else {
    say("usage: store-crash-writer DIRECTORY FIRST-NUMBER SAMPLES [FILE-LIMIT]")
    exit(64)
}
if arguments.count > 4, let limit = UInt(arguments[4]) {
    signal(SIGXFSZ, SIG_IGN)
    var bound = rlimit(rlim_cur: rlim_t(limit), rlim_max: rlim_t(limit))
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &bound)
}
do {
    // A small first map, so that it grows while the writer is killed.
    let store = try LMDBRecordStore(
        stateDirectory: arguments[1], access: .readWrite, firstMap: 1 << 18, largestMap: 1 << 32)
    say("open")
    do {
        while true {
            try store.commit(changes(number, samples: samples))
            say("\(number)")
            number += 1
        }
    } catch {
        say("error \(error)")
        say("holds \(try store.trials(session: "crash", entry: nil).count)")
    }
} catch {
    say("error \(error)")
}
exit(1)
