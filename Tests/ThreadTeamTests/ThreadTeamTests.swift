import CSIMD
import Foundation
import Testing
import ThreadTeam

/// What the variants below work on.
private struct Work {
    static let rounds = 200
    /// How often each thread came through the barrier.
    var turns: [Int64]
    /// Rounds in which a thread saw another one that was behind after a barrier.
    var early: [Int64]
}

/// Counts own turns and, after each barrier, who is behind: buffers[0] turns, buffers[1] early.
private let meet: KernelVariant = { call, thread in
    let call = call
    let threads = Int(call.pointee.threads)
    let turns = call.pointee.buffers[0].assumingMemoryBound(to: Int64.self)
    let early = call.pointee.buffers[1].assumingMemoryBound(to: Int64.self)
    for round in 1...Work.rounds {
        turns[Int(thread)] = Int64(round)
        kernel_barrier(call)
        for other in 0..<threads where turns[other] < Int64(round) { early[Int(thread)] += 1 }
        kernel_barrier(call)
    }
}

@Suite("ThreadTeam")
struct ThreadTeamTests {
    private func run(_ team: ThreadTeam, threads: Int) -> Work {
        var work = Work(
            turns: Array(repeating: 0, count: threads), early: Array(repeating: 0, count: threads))
        work.turns.withUnsafeMutableBytes { turns in
            work.early.withUnsafeMutableBytes { early in
                guard let first = turns.baseAddress, let second = early.baseAddress else { return }
                let buffers: [UnsafeMutableRawPointer] = [first, second]
                let none: [Int64] = [0]
                buffers.withUnsafeBufferPointer { buffers in
                    none.withUnsafeBufferPointer { none in
                        guard let pointers = buffers.baseAddress, let values = none.baseAddress
                        else { return }
                        var call = KernelCall(
                            buffers: pointers, dimensions: values, arguments: values,
                            threads: Int64(threads), barrier: nil, team: nil)
                        team.run(meet, &call)
                    }
                }
            }
        }
        return work
    }

    @Test("all threads of a call enter, and none passes a barrier early", arguments: [1, 2, 3, 8])
    func barrier(threads: Int) throws {
        let team = try ThreadTeam(threads: threads)
        #expect(team.threads == threads)
        for _ in 0..<20 {
            let work = run(team, threads: threads)
            #expect(work.turns.allSatisfy { $0 == Work.rounds })
            #expect(work.early.allSatisfy { $0 == 0 })
        }
    }

    @Test("a call may take fewer threads than the team has, and the others sleep on")
    func fewer() async throws {
        let team = try ThreadTeam(threads: 5, pinnedTo: [0])
        for threads in [1, 4, 2, 5, 3] {
            // Long enough for all to have fallen asleep.
            try await Task.sleep(for: .milliseconds(20))
            #expect(run(team, threads: threads).turns == Array(repeating: 200, count: threads))
        }
    }

    @Test("a team ends with its last user, awake or asleep")
    func ends() throws {
        func count() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
        }
        for _ in 0..<50 {
            let team = try ThreadTeam(threads: 4)
            _ = run(team, threads: 4)
        }
        // Fifty teams of three more threads each would show, whatever else runs in this process.
        #expect(try count() < 150)
    }

    @Test("more threads than a team may have are an error that says so")
    func tooMany() {
        #expect(throws: ThreadTeam.Failure.self) { try ThreadTeam(threads: 5000) }
    }
}
