import CSIMD
import CThreadTeam

/// Threads that enter tuned variants together, for programs that link them.
///
/// They are kept between calls. One that waits spins for some ten microseconds, then yields, then sleeps: calls that follow one another cost no
/// system call, and a team without work costs nothing. The caller is thread 0; whoever pins the others pins the caller too, if that is wanted.
public final class ThreadTeam {
    /// Why a team could not be made.
    public struct Failure: Error, CustomStringConvertible {
        public let threads: Int
        /// An errno value.
        public let code: Int32
        public var description: String {
            "could not start a team of \(threads) threads: error \(code); ask for fewer, or raise the limit of processes"
        }
    }

    /// How many there are, the caller included.
    public var threads: Int { Int(thread_team_size(team)) }
    private let team: OpaquePointer

    /// Starts threads: 1 or more, the caller included. Thread i is pinned to cores[i % cores.count]; without cores none is pinned.
    public init(threads: Int, pinnedTo cores: [Int] = []) throws(Failure) {
        precondition(threads >= 1, "a team of \(threads) threads has none")
        guard let team = thread_team_make(nil) else { throw Failure(threads: threads, code: 12) }
        let places = cores.map(Int32.init)
        let code = thread_team_grow(
            team, Int32(clamping: threads), places, Int32(clamping: places.count))
        guard code == 0 else {
            thread_team_free(team)
            throw Failure(threads: threads, code: code)
        }
        self.team = team
    }

    deinit { thread_team_free(team) }

    /// Calls `variant` on the first `call.threads` threads and returns once all have; the team's barrier is put into `call`.
    /// Allocates nothing. One call at a time.
    public func run(_ variant: KernelVariant, _ call: inout KernelCall) {
        precondition(
            call.threads >= 1 && call.threads <= threads,
            "\(call.threads) threads are asked of a team of \(threads)")
        call.barrier = thread_team_barrier
        call.team = UnsafeMutableRawPointer(team)
        withUnsafePointer(to: call) { pointer in
            thread_team_call(
                team, Int32(clamping: pointer.pointee.threads),
                unsafeBitCast(variant, to: ThreadTeamEntry.self), pointer)
        }
    }
}
