import Testing
import WorkerProtocol

@Suite struct FrameCodecTests {
    private let replies = [
        WorkerReply(nonce: .max, body: .prepared(referenceSeconds: 0.5)),
        WorkerReply(
            nonce: 0,
            body: .failed(
                .wrongResult(
                    problem: "1,2", buffer: "c", index: 3, value: "nan", expected: "1.5"),
                reusable: true)),
        WorkerReply(
            nonce: 5,
            body: .compared([Measurement(samples: [1e-9, 0.1], callsPerSample: 3, seconds: 0.1)])),
    ]

    private func text(_ reply: WorkerReply) -> String { "\(reply)" }

    @Test(arguments: [1, 2, 3, 7, 8, 9, 64, 10_000]) func `frames survive any cutting`(_ piece: Int)
        throws
    {
        let bytes = try replies.flatMap { try FrameCodec.encode($0) }
        var reader = FrameReader()
        var read: [String] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            reader.append(bytes[start..<min(start + piece, bytes.count)])
            while let reply = try reader.next(WorkerReply.self) { read.append(text(reply)) }
        }
        #expect(read == replies.map(text))
        #expect(reader.pendingCount == 0)
    }

    @Test func `a length beyond the bound is refused before it is waited for`() {
        var reader = FrameReader()
        reader.append(FrameCodec.magic + [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(throws: FrameError.tooLong(0xFFFF_FFFF)) { try reader.next(WorkerReply.self) }
    }

    @Test func `the first stray byte is refused`() {
        var reader = FrameReader()
        reader.append([UInt8(ascii: "x")])
        #expect(throws: FrameError.badMagic([UInt8(ascii: "x")])) {
            try reader.next(WorkerReply.self)
        }
    }

    @Test func `damaged frames never trap and never give another message silently twice`() throws {
        let frame = try FrameCodec.encode(replies[1])
        for seed in UInt64(0)..<2000 {
            var generator = SplitMix(seed: seed)
            var damaged = frame
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = damaged.indices.randomElement(using: &generator) ?? 0
                damaged[index] = UInt8.random(in: .min ... .max, using: &generator)
            }
            var reader = FrameReader()
            reader.append(damaged)
            var count = 0
            do {
                while try reader.next(WorkerReply.self) != nil { count += 1 }
            } catch {}
            #expect(count <= 1, "seed \(seed)")
        }
    }

    @Test func `arbitrary bytes are never a message`() {
        for seed in UInt64(0)..<2000 {
            var generator = SplitMix(seed: seed)
            let count = Int.random(in: 0...200, using: &generator)
            let start = seed % 2 == 0 ? FrameCodec.magic + [0, 0, 0, UInt8(count / 2)] : []
            var reader = FrameReader()
            reader.append(
                start + (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
            let reply = try? reader.next(WorkerReply.self)
            #expect(reply == nil, "seed \(seed)")
        }
    }
}
