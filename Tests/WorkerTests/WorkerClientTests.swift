import Foundation
import Testing
import WorkerProtocol

@testable import Tuner

extension WorkerSuites {
    @Suite struct WorkerClientTests {
        private func measured(
            _ candidate: Candidate, _ request: PrepareRequest, scratch: [[Int]]? = nil
        ) async throws -> WorkerClient.Measured {
            let fixture = try await Fixture.shared.value
            let client = try fixture.client(request)
            var measure = fixture.measure(candidate)
            if let scratch { measure.verifyScratch = scratch }
            let outcome = try await client.measure(measure)
            await client.finish()
            return try outcome.get()
        }

        @Test func `a good kernel is verified on every element and timed`() async throws {
            let fixture = try await Fixture.shared.value
            let result = try await measured(fixture.candidate(), fixture.request())
            // Two placements of 0 + 1 + 40 + 21 elements, the tuned problem, and again with fresh inputs.
            #expect(result.verification.comparedElements == 2 * 62 + 2 * 128 * 64)
            #expect(result.verification.worstToleranceShare < 1)
            #expect(result.verification.relativeErrorNorm < 1e-6)
            // 2·x + 1 in float32: the product is exact, the sum is rounded once, to half a unit.
            #expect(result.verification.maximumULPs > 0.4)
            #expect(result.verification.maximumULPs <= 0.5)
            #expect((7...30).contains(result.measurement.samples.count))
            #expect(result.measurement.samples.allSatisfy { $0 > 0 })
            #expect(
                result.measurement.seconds == Estimate(samples: result.measurement.samples).value)
        }

        @Test func `a specialization that passed before is verified on the tuned problem only`()
            async throws
        {
            let fixture = try await Fixture.shared.value
            let result = try await measured(
                fixture.candidate(), fixture.request(), scratch: [])
            #expect(result.verification.comparedElements == 2 * 128 * 64)
        }

        @Test func `the hash of the outputs tells results that differ in a bit, and no others`()
            async throws
        {
            let fixture = try await Fixture.shared.value
            func hash(_ candidate: Candidate, seed: UInt64 = 7) async throws -> UInt64 {
                try await measured(candidate, fixture.request(seed: seed)).verification.outputHash
            }
            let alone = try await hash(fixture.candidate())
            #expect(try await hash(fixture.candidate(threads: 3)) == alone)
            #expect(try await hash(fixture.candidate("good_in_c")) == alone)
            #expect(try await hash(fixture.candidate("one_bit_off")) != alone)
            #expect(try await hash(fixture.candidate(), seed: 8) != alone)
        }

        @Test(arguments: [CachePolicy.hot, .cold])
        func `large buffers that are timed lie as an allocator would put them`(
            _ cache: CachePolicy
        ) async throws {
            let fixture = try await Fixture.shared.value
            var request = fixture.request(cache: cache)
            request.problem = fixture.layout(rows: 517, columns: 64, stride: 64)
            let result = try await measured(fixture.candidate("wants_allocated_buffers"), request)
            #expect(result.measurement.seconds > 0)
        }

        @Test func `cold calls rotate through copies`() async throws {
            let fixture = try await Fixture.shared.value
            let result = try await measured(fixture.candidate(), fixture.request(cache: .cold))
            #expect(result.measurement.seconds > 0)
        }

        @Test(arguments: [1, 2, 3, 5]) func `threads enter together and share the rows`(
            _ threads: Int
        ) async throws {
            let fixture = try await Fixture.shared.value
            let result = try await measured(
                fixture.candidate(threads: threads), fixture.request())
            #expect(result.verification.comparedElements == 2 * 62 + 2 * 128 * 64)
        }

        @Test func `of a large problem random rows and the edges are compared`() async throws {
            let fixture = try await Fixture.shared.value
            let result = try await measured(
                fixture.candidate(), fixture.request(operations: 2e9), scratch: [])
            #expect(result.verification.comparedElements == 2 * (64 + 8) * 64)
        }

        @Test func `a damaged cached reference is computed again`() async throws {
            let fixture = try await Fixture.shared.value
            let folder = fixture.references + "/good.so"
            let request = fixture.request(seed: 99)
            let known = Set(
                (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            _ = try await measured(fixture.candidate(), request)
            let files = Set(try FileManager.default.contentsOfDirectory(atPath: folder))
                .subtracting(known).map { folder + "/" + $0 }
            // The tuned problem, the same with fresh inputs, four verify problems.
            #expect(files.count == 6)
            let whole = try files.map { try Data(contentsOf: URL(filePath: $0)) }
            for (file, bytes) in zip(files, whole) {
                var bytes = bytes
                bytes[bytes.count - 9] ^= 0x40
                try bytes.write(to: URL(filePath: file))
            }
            _ = try await measured(fixture.candidate(), request)
            let again = try files.map { try Data(contentsOf: URL(filePath: $0)) }
            #expect(again.map(values) == whole.map(values))
        }

        /// Of a file of the reference cache, whose time, before them, and checksum differ from one computation to the next.
        private func values(of file: Data) -> Data {
            let keyBytes = file[8..<16].reversed().reduce(0) { $0 << 8 | Int($1) }
            return file[(8 + 8 + keyBytes + 8 + 8)...].dropLast(8)
        }

        @Test func `candidates are compared in rounds`() async throws {
            let fixture = try await Fixture.shared.value
            let client = try fixture.client(fixture.request())
            let outcome = try await client.compare(
                CompareRequest(
                    candidates: [fixture.candidate(), fixture.candidate(threads: 2)], rounds: 9,
                    timerError: 1e-3))
            let measurements = try outcome.get()
            #expect(measurements.map(\.samples.count) == [9, 9])
            await client.finish()
        }

        @Test func `a candidate that is slower than the best is given up after three samples`()
            async throws
        {
            let fixture = try await Fixture.shared.value
            let client = try fixture.client(fixture.request())
            var request = fixture.measure(fixture.candidate())
            request.racing = Racing(best: 1e-12)
            let lost = try await client.measure(request).get().measurement
            #expect(lost.samples.count == 3 && lost.racedAgainst == 1e-12)
            request.racing = Racing(best: 1)
            let kept = try await client.measure(request).get().measurement
            #expect(kept.samples.count >= 7 && kept.racedAgainst == nil)
            await client.finish()
        }

        @Test
        func `a launch is another process, which compares, and the next measurement verifies`()
            async throws
        {
            let fixture = try await Fixture.shared.value
            let client = try fixture.client(fixture.request())
            try await client.prepare()
            let first = try RunningWorkers.identifiers()
            try await client.launch()
            let second = try RunningWorkers.identifiers()
            #expect(first.count == 1 && second.count == 1 && first != second)
            let compare = CompareRequest(
                candidates: [fixture.candidate()], rounds: 3, timerError: 1e-3)
            #expect(try await client.compare(compare).get().first?.samples.count == 3)
            #expect(try RunningWorkers.identifiers() == second)
            let measured = try await client.measure(fixture.measure(fixture.candidate())).get()
            #expect(measured.verification.comparedElements > 0)
            #expect(try RunningWorkers.identifiers() != second)
            try await client.launch()
            let confirm = ConfirmRequest(
                candidate: fixture.candidate(), verifyScratch: [[1], [1], [2], [0]],
                repetitions: 2, isDeterministic: true)
            let confirmed = try await client.confirm(confirm).get()
            #expect(confirmed.comparedElements > measured.verification.comparedElements)
            await client.finish()
        }

        @Test func `a launch knows what the reference takes, prepared before or not`() async throws
        {
            let fixture = try await Fixture.shared.value
            let client = try fixture.client(fixture.request())
            try await client.launch()
            let known = try #require(await client.referenceSeconds)
            #expect(known > 0)
            try await client.launch()
            #expect(await client.referenceSeconds == known)
            await client.finish()
        }

        @Test func `a wrong reference path is the problem's failure, not a candidate's`()
            async throws
        {
            let fixture = try await Fixture.shared.value
            var request = fixture.request()
            request.reference.object = "/nonexistent/reference.so"
            let client = try fixture.client(request)
            let error = await #expect(throws: TunerError.self) { try await client.prepare() }
            #expect(error?.message.contains("/nonexistent/reference.so") == true)
            #expect(try RunningWorkers.identifiers().isEmpty)
        }

        @Test func `cancellation ends the candidate and the worker`() async throws {
            let fixture = try await Fixture.shared.value
            let client = try fixture.client(fixture.request())
            try await client.prepare()
            let task = Task {
                try await client.measure(fixture.measure(fixture.candidate("infinite_loop")))
            }
            try await Task.sleep(for: .milliseconds(100))
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            #expect(try RunningWorkers.identifiers().isEmpty)
            let after = try await client.measure(fixture.measure(fixture.candidate()))
            #expect(throws: Never.self) { try after.get() }
            await client.finish()
        }

        @Test func `a worker killed between two candidates is replaced without a failure`()
            async throws
        {
            let fixture = try await Fixture.shared.value
            let client = try fixture.client(fixture.request())
            try await client.prepare()
            let worker = try #require(pid_t(RunningWorkers.identifiers().first ?? ""))
            kill(worker, SIGKILL)
            for _ in 0..<1000 where try !RunningWorkers.identifiers().isEmpty {
                try await Task.sleep(for: .milliseconds(10))
            }
            let outcome = try await client.measure(fixture.measure(fixture.candidate()))
            #expect(throws: Never.self) { try outcome.get() }
            await client.finish()
        }

        @Test func `a client that is dropped leaves no worker`() async throws {
            let fixture = try await Fixture.shared.value
            try await fixture.client(fixture.request()).prepare()
            for _ in 0..<1000 where try !RunningWorkers.identifiers().isEmpty {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(try RunningWorkers.identifiers().isEmpty)
        }
    }
}
