import ArgumentParser
import Tuner
import TunerAPI

/// Follows a session to its end, and what Ctrl-C does meanwhile.
struct SessionWatch {
    enum OnInterrupt {
        /// The first ends the session, the second leaves.
        case cancelSession
        /// Leaves; the session goes on.
        case detach
    }
    enum Outcome {
        case over, left
    }
    let client: TunerClient
    let session: Session
    let view: SessionView
    let onInterrupt: OnInterrupt
    var first = 0
    var patience = TunerClient.Patience.standard

    /// Returns when the session is over or the user leaves; the terminal is restored in every case.
    func run(interrupts: Interrupts) async throws -> Outcome {
        await view.open()
        do {
            let outcome = try await withThrowingTaskGroup(of: Outcome?.self) { group in
                group.addTask {
                    try await client.watch(session: session.id, from: first, patience: patience) {
                        try await view.receive($0)
                    }
                    return .over
                }
                group.addTask {
                    await view.keepDrawing()
                    return nil
                }
                group.addTask { try await obey(interrupts) }
                defer { group.cancelAll() }
                while let outcome = try await group.next() {
                    if let outcome { return outcome }
                }
                return .left
            }
            await view.close()
            return outcome
        } catch {
            await view.close()
            throw error
        }
    }

    private func obey(_ interrupts: Interrupts) async throws -> Outcome? {
        var hasAsked = false
        for await _ in interrupts.stream {
            guard onInterrupt == .cancelSession, !hasAsked else { return .left }
            hasAsked = true
            await view.say(
                "cancelling; Ctrl-C again leaves at once", untilTheEnd: true)
            do {
                _ = try await client.cancel(session: session.id)
            } catch let error as TunerError {
                // It ended by itself in the meantime, or the daemon is gone: the watch finds out.
                await view.say("cannot cancel: \(error.message)")
            }
        }
        // The stream ends with this task: the session was over first.
        return nil
    }

    /// Turns the end of a session into the end of the program.
    static func finish(_ outcome: Outcome, _ view: SessionView) async throws {
        switch await view.progress.state {
        case .failed(let message):
            throw TunerError(.internal, "session \(await view.progress.id) failed: \(message)")
        case .cancelled: throw Tunectl.interrupted
        case .queued, .running, .finished:
            if outcome == .left { throw Tunectl.interrupted }
        }
    }
}
