import KernelSpace
import Testing
import Tuner

@Suite struct LookupTests {
    @Test func `a record with the current key is exact`() {
        let record = record(at: [512, 512])
        let found = find([512, 512], in: [self.record(at: [1, 1]), record])
        #expect(found == .exact(record))
        #expect(found.explanation(of: query([512, 512])).contains("nothing has changed"))
    }

    @Test func `with another compiler it is stale, and both are named`() {
        let record = record(at: [512, 512], compiler: "swift-6.2")
        let found = find([512, 512], in: [record])
        #expect(found == .stale(record, changes: [.compiler(was: "swift-6.2", now: "swift-6.3")]))
        let text = found.explanation(of: query([512, 512]))
        #expect(text.contains("the compiler is swift-6.3 instead of swift-6.2"))
    }

    @Test func `with another kernel it is stale`() {
        let record = record(at: [512, 512], kernelVersion: 1)
        let found = find([512, 512], in: [record])
        #expect(found == .stale(record, changes: [.kernel]))
        #expect(found.explanation(of: query([512, 512])).contains("sources"))
    }

    @Test func `with another microcode it is stale, and the microcode is named`() {
        var device = device
        device.microcode = "0x1"
        let record = record(at: [512, 512], device: device)
        // Nearer in all but the device: a stale record of the problem itself comes first.
        let found = find([512, 512], in: [self.record(at: [512, 511]), record])
        let change = "microcode \(self.device.microcode) instead of 0x1"
        #expect(found == .stale(record, changes: [.device(change)]))
        #expect(found.explanation(of: query([512, 512])).contains(change))
    }

    @Test func `without a current key nothing is exact`() {
        let record = record(at: [512, 512])
        let found = Lookup.find(query([512, 512]), in: [record]) { _ in nil }
        #expect(found == .stale(record, changes: [.unknown]))
        #expect(Lookup.find(query([512, 513]), in: [record]) { _ in nil } == .none)
    }

    @Test func `the nearest problem is that of the least distance of logarithms`() {
        let records = [[64, 64], [256, 512], [2048, 512], [900, 512], [512, 4096]].map {
            record(at: $0)
        }
        let found = find([512, 512], in: records)
        // 900/512 is 0.81 of a doubling, 256/512 is 1.
        #expect(found.record == records[3])
        guard case .nearestProblem(_, let distance) = found else {
            Issue.record("not the nearest problem: \(found)")
            return
        }
        #expect((0.80...0.82).contains(distance))
        let text = found.explanation(of: query([512, 512]))
        #expect(text.contains("m=900,n=512 is the nearest tuned"))
    }

    @Test func `a stale record is no nearest problem, nor one of another target or kernel`() {
        let far = record(at: [8, 8])
        var target = record(at: [512, 511])
        target.key.target = "cpu-avx512"
        var kernel = record(at: [512, 511])
        kernel.key.kernel = "dot"
        let stale = record(at: [512, 511], compiler: "swift-6.2")
        #expect(find([512, 512], in: [target, kernel, stale, far]).record == far)
        #expect(find([512, 512], in: [target, kernel, stale]) == .none)
    }

    @Test func `the nearest problem of this device comes before the problem on another`() {
        var device = device
        device.model += 1
        device.brand = "Other 9000"
        let other = record(at: [512, 512], device: device)
        let far = record(at: [8, 8])
        #expect(find([512, 512], in: [other, far]).record == far)
        let found = find([512, 512], in: [other])
        #expect(found == .otherDevice(other))
        #expect(found.explanation(of: query([512, 512])).contains("Other 9000"))
        #expect(find([512, 513], in: [other]) == .none)
    }

    @Test func `a problem with other dimensions has no distance, and 0 has one`() {
        let one = Problem(dimensions: [.init(name: "m", value: 1, isDefault: false)])
        #expect(Lookup.distance(one, problem([1, 1])) == nil)
        #expect(Lookup.distance(problem([0, 1]), problem([1, 1])) == 1)
        #expect(Lookup.distance(problem([.max, 1]), problem([.max, 1])) == 0)
    }

    @Test(arguments: 1...20)
    func `whatever the order of records, the answer is the same, and exact only if current`(
        seed: Int
    ) throws {
        var samples = Samples(seed: UInt64(seed))
        let store = InMemoryRecordStore()
        for _ in 0..<1 + samples.index(8) {
            var device = device
            if samples.flag() { device.microcode = "0x\(samples.index(2))" }
            if samples.flag() { device.model += samples.index(2) }
            let record = record(
                at: [1 + samples.index(3), 1 + samples.index(2)], device: device,
                compiler: samples.flag() ? "swift-6.3" : "swift-6.2",
                kernelVersion: 1 + samples.index(2))
            try store.commit([.record(record)])
        }
        let records = store.records(kernel: nil)
        for m in 1...3 {
            let found = find([m, 1], in: records)
            for _ in 0..<5 {
                let shuffled = records.shuffled(using: &samples.generator)
                #expect(find([m, 1], in: shuffled) == found, "seed \(seed)")
            }
            #expect(
                try Lookup.find(query([m, 1]), in: store, currentKey: currentKey) == found,
                "seed \(seed)")
            let current = records.first { $0.key == query([m, 1]).key }
                .flatMap { $0.evaluation == currentKey($0) ? $0 : nil }
            if case .exact(let record) = found {
                #expect(record == current, "seed \(seed)")
            } else {
                #expect(current == nil, "seed \(seed)")
            }
        }
    }

    // MARK: A world with one current compiler, kernel and device

    private let device = Samples.device

    private func problem(_ sizes: [Int]) -> Problem {
        Problem(
            dimensions: zip(["m", "n"], sizes).map {
                .init(name: $0, value: $1, isDefault: false)
            })
    }

    private func key(_ sizes: [Int], _ device: Device) -> RecordKey {
        RecordKey(
            kernel: "sgemm", problem: problem(sizes).canonical, target: "cpu-avx2",
            device: device.fingerprint)
    }

    private func query(_ sizes: [Int]) -> Lookup.Query {
        Lookup.Query(
            key: key(sizes, device), problem: problem(sizes), device: device,
            compiler: "swift-6.3")
    }

    private func evaluationKey(_ key: RecordKey, compiler: String, kernel: Int) -> Fingerprint {
        Fingerprint([("record", key.text), ("compiler", compiler), ("kernel", "\(kernel)")])
    }

    private func currentKey(_ record: TuningRecord) -> Fingerprint? {
        evaluationKey(record.key, compiler: "swift-6.3", kernel: 2)
    }

    private func record(
        at sizes: [Int], device: Device = Samples.device, compiler: String = "swift-6.3",
        kernelVersion: Int = 2
    ) -> TuningRecord {
        var samples = Samples(seed: 1)
        let key = key(sizes, device)
        var record = samples.record(key: key)
        record.problem = problem(sizes)
        record.device = device
        record.compiler = compiler
        record.evaluation = evaluationKey(key, compiler: compiler, kernel: kernelVersion)
        return record
    }

    private func find(_ sizes: [Int], in records: [TuningRecord]) -> Lookup {
        Lookup.find(query(sizes), in: records, currentKey: currentKey)
    }
}
