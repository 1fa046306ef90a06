import Testing

@testable import KernelSpace

struct TargetTests {
    private static let cpuinfo = """
        processor\t: 0
        vendor_id\t: GenuineIntel
        cpu family\t: 6
        model\t\t: 207
        model name\t: Intel(R) Xeon(R) Processor: 2.1 GHz
        stepping\t: 2
        microcode\t: 0x1
        flags\t\t: fpu sse2 pni ssse3 fma cx16 sse4_1 sse4_2 movbe popcnt xsave avx f16c hypervisor lahf_lm abm bmi1 avx2 bmi2
        bogomips\t: 4200.00
        power management:

        processor\t: 1
        vendor_id\t: Other

        """

    private static let arm = """
        processor\t: 0
        BogoMIPS\t: 243.75
        Features\t: fp asimd evtstrm aes
        CPU implementer\t: 0x41
        CPU architecture: 8
        CPU variant\t: 0x3
        CPU part\t: 0xd0c
        CPU revision\t: 1
        """

    @Test func `The first processor of cpuinfo is the device`() throws {
        let cache = Device.Cache(level: 3, kind: "unified", bytes: 1 << 25)
        let device = try Device(cpuinfo: Self.cpuinfo, cores: 2, caches: [cache])
        #expect(device.vendor == "GenuineIntel")
        #expect([device.family, device.model, device.stepping] == [6, 207, 2])
        #expect(device.brand == "Intel(R) Xeon(R) Processor: 2.1 GHz")
        #expect(device.microcode == "0x1")
        #expect(device.hypervisor == "present")
        #expect(device.cores == 2)
        #expect(device.caches == [cache])
        #expect(device.features.count == 19)
        #expect(device.features == device.features.sorted())
    }

    @Test func `An Arm processor is told by its identification register`() throws {
        let device = try Device(cpuinfo: Self.arm, cores: 4, caches: [])
        #expect(device.vendor == "ARM")
        #expect([device.family, device.model, device.stepping] == [8, 0xd0c, 0x31])
        #expect(device.hypervisor == nil)
        #expect(device.features == ["aes", "asimd", "evtstrm", "fp"])
    }

    @Test func `Text without a processor is an error`() {
        for text in ["", "\n\n", "processor: 0\n", ":::", "a\0b"] {
            #expect(throws: KernelSpaceError.self) {
                try Device(cpuinfo: text, cores: 1, caches: [])
            }
        }
    }

    @Test func `A device's fingerprint covers all but its features`() throws {
        let device = try Device(
            cpuinfo: Self.cpuinfo, cores: 2, caches: [.init(level: 1, kind: "data", bytes: 4)])
        var same = device
        same.features = []
        #expect(same.fingerprint == device.fingerprint)
        let changes: [(inout Device) -> Void] = [
            { $0.vendor = "x" }, { $0.family = 7 }, { $0.model = 7 }, { $0.stepping = 7 },
            { $0.brand = "x" }, { $0.microcode = "x" }, { $0.cores = 7 }, { $0.caches = [] },
            { $0.caches[0].bytes = 8 }, { $0.hypervisor = nil },
        ]
        var seen = [device.fingerprint]
        for change in changes {
            var other = device
            change(&other)
            #expect(!seen.contains(other.fingerprint))
            seen.append(other.fingerprint)
        }
    }

    @Test func `Targets grow in what they need and select their instruction set`() {
        #expect(
            Target.all.map(\.name) == ["cpu-sse4.2", "cpu-avx2", "cpu-avx512", "cpu-avx512-vnni"])
        for (weaker, stronger) in zip(Target.all, Target.all.dropFirst()) {
            #expect(Set(weaker.features).isStrictSubset(of: stronger.features))
        }
        #expect(Target.all.map(\.vectorBytes) == [16, 32, 64, 64])
        #expect(Target.all.map(\.vectorRegisters) == [16, 16, 32, 32])
        #expect(
            Target.all.map { $0.flags.joined(separator: " ") } == [
                "-Xcc -march=x86-64-v2", "-Xcc -march=x86-64-v3",
                "-Xcc -march=x86-64-v4 -Xcc -mprefer-vector-width=512",
                "-Xcc -march=x86-64-v4 -Xcc -mavx512vnni -Xcc -mavx512bf16 "
                    + "-Xcc -mprefer-vector-width=512",
            ])
    }

    @Test func `A target resolves where its features are, else names what is missing`() throws {
        let device = try Device(cpuinfo: Self.cpuinfo, cores: 2, caches: [])
        #expect(try Target.resolve("cpu-native", on: device).name == "cpu-avx2")
        #expect(try Target.resolve("cpu-sse4.2", on: device).name == "cpu-sse4.2")
        #expect(
            Target.all[1].constants(on: device) == [
                "vector_bytes": .integer(32), "vector_registers": .integer(16),
                "cores": .integer(2),
            ])
        #expect(Set(Target.constantNames) == Set(Target.all[1].constants(on: device).keys))
        func message(_ name: String, _ device: Device) -> String? {
            #expect(throws: KernelSpaceError.self) { try Target.resolve(name, on: device) }?.message
        }
        #expect(
            message("cpu-avx512", device)
                == "cpu-avx512 cannot run on this device, which lacks avx512bw, avx512cd, avx512dq, "
                + "avx512f, avx512vl; cpu-native picks the best target that can")
        #expect(
            message("cpu-avx3", device)
                == "there is no target \"cpu-avx3\"; the targets are cpu-sse4.2, cpu-avx2, cpu-avx512, "
                + "cpu-avx512-vnni, cpu-native")
        let arm = try Device(cpuinfo: Self.arm, cores: 4, caches: [])
        #expect(
            message("cpu-native", arm)
                == "no target runs on this device: even cpu-sse4.2 needs cx16, lahf_lm, pni, popcnt, "
                + "sse4_1, sse4_2, ssse3, which it lacks")
    }
}
