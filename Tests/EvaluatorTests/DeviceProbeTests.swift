import Testing

@testable import Tuner

@Suite struct DeviceProbeTests {
    @Test(arguments: [
        ("0-3,8", [0, 1, 2, 3, 8]), ("5", [5]), ("", []), ("3-1", []), ("0,2-2", [0, 2]),
    ])
    func `lists of processors are read as the kernel writes them`(text: String, numbers: [Int]) {
        #expect(DeviceProbe.processors(in: text) == numbers)
    }

    @Test(arguments: [
        ("32K", 32_768), ("2M", 2_097_152), ("512", 512), ("x", nil), ("1G", nil),
    ])
    func `sizes of caches are bytes`(text: String, bytes: Int?) {
        #expect(DeviceProbe.bytes(text) == bytes)
    }
}
