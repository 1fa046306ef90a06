import ArgumentParser
import Tuner
import TunerAPI

/// Measures a kernel's search space and writes a recording of it.
struct Record: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure a kernel's whole search space and write it to a file.",
        discussion: """
            The recording is T4 results with the search space, every run time and every failure; \
            `tunectl replay` searches it without the device. It is made by a session: Ctrl-C cancels \
            it, and the same command goes on from there, because what was measured is remembered.

            Examples:
              tunectl record dot --problem n=65536 --target cpu-avx2 -o dot.t4.json
              tunectl record sgemm --problem m=512,n=512,k=512 --limit 1000
            """)

    @Argument(help: "The kernel.")
    var kernel: String

    @Option(help: "Its size, as m=512,n=512,k=512.", transform: ProblemArgument.parse)
    var problem: ProblemArgument

    @Option(help: "Target; `tunectl targets` lists them.")
    var target = "cpu-native"

    @Option(help: "Only so many configurations, drawn at random, the default among them.")
    var limit: Int?

    @Option(help: "Seed of the draw; the same seed draws the same configurations.")
    var seed: UInt64 = 1

    @Option(
        name: .shortAndLong,
        help: "Where to write it; KERNEL-TARGET.t4.json if left out; compressed if it ends in .gz.",
        completion: .file())
    var output: String?

    @Flag(help: "Print the session's events in JSON, one a line.")
    var json = false

    @OptionGroup var host: SessionHost

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
    }

    func run() async throws {
        try await host.run { client, patience in
            let session = try await client.createSession(request)
            let view = SessionView(session, style: .fitting(json: json))
            let outcome = try await SessionWatch(
                client: client, session: session, view: view, onInterrupt: .cancelSession,
                patience: patience
            ).run(interrupts: Interrupts())
            await view.summarize()
            if await view.progress.state == .cancelled {
                Output.complain(
                    "tunectl: nothing written: the same command goes on from here, and "
                        + "`tunectl export \(session.id)` writes what there is")
            }
            try await SessionWatch.finish(outcome, view)
            let file = output ?? "\(kernel)-\(session.request.target).t4.json"
            try RecordingFile.write(try await client.export(session: session.id), to: file)
            Output.complain("tunectl: wrote the recording to \(file)")
        }
    }

    /// Everything, or as much of it as the limit says.
    var request: CreateSession {
        CreateSession(
            target: target,
            kernels: [CreateSession.Entry(kernel: kernel, problem: problem.sizes)],
            trials: limit, strategy: limit == nil ? "exhaustive" : "random",
            seed: seed)
    }
}
