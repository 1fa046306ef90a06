import CSIMD

/// The grids and what their cells are multiplied by. Leading dimensions are in bytes.
struct Stencil2DGrid {
    let temperature: UnsafeRawPointer
    let power: UnsafeRawPointer
    let result: UnsafeMutableRawPointer
    let rows: Int, columns: Int
    let ldt: Int, ldp: Int, ldr: Int
    let distance: Int
    let streams: Bool
    /// The step, sorted by what is multiplied: constant + center·t + across·(west + east) + along·(north + south) + heating·power.
    let constant: Float, center: Float, across: Float, along: Float, heating: Float

    @inline(never)
    init(_ call: UnsafePointer<KernelCall>) {
        let d = call.pointee.dimensions
        (rows, columns) = (Int(d[0]), Int(d[1]))
        (ldt, ldp, ldr) = (Int(d[2]) &* 4, Int(d[3]) &* 4, Int(d[4]) &* 4)
        temperature = UnsafeRawPointer(call.pointee.buffers[0])
        power = UnsafeRawPointer(call.pointee.buffers[1])
        result = call.pointee.buffers[3]
        distance = Int(call.pointee.arguments[1])
        streams = call.pointee.arguments[2] != 0
        let k = call.pointee.buffers[2].assumingMemoryBound(to: Float.self)
        (across, along, heating) = (k[0], k[1], k[3])
        center = 1 - 2 * k[0] - 2 * k[1] - k[2]
        constant = 80 * k[2]
    }

    @inline(__always)
    func cell(_ row: Int, _ column: Int) -> UnsafeRawPointer {
        temperature + (row &* ldt &+ column &* 4)
    }

    /// For grids narrower than a vector.
    @inline(__always)
    func step(rows part: (start: Int, end: Int)) {
        for row in part.start..<part.end {
            for column in 0..<columns { step(row, column) }
        }
    }

    private func step(_ row: Int, _ column: Int) {
        func cell(_ row: Int, _ column: Int) -> Float {
            let row = max(0, min(row, rows &- 1)), column = max(0, min(column, columns &- 1))
            return self.cell(row, column).loadUnaligned(as: Float.self)
        }
        let heat = (power + row &* ldp).loadUnaligned(fromByteOffset: column &* 4, as: Float.self)
        var sum = multiplyAdd(constant, cell(row, column), center)
        sum = multiplyAdd(sum, cell(row, column &- 1) + cell(row, column &+ 1), across)
        sum = multiplyAdd(sum, cell(row &- 1, column) + cell(row &+ 1, column), along)
        sum = multiplyAdd(sum, heat, heating)
        (result + row &* ldr).storeBytes(of: sum, toByteOffset: column &* 4, as: Float.self)
    }
}
