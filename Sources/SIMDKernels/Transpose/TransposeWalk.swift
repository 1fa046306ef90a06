import CSIMD

/// The walk over an area that is at least a square, in blocks of `height` rows and `width` columns, powers of two from 16 to 128.
struct TransposeWalk<let height: Int, let width: Int, let room: Int, Vector: SIMD>
where Vector.Scalar == Float {
    private let area: TransposeArea
    private let strip: Int
    private let ahead: Int
    /// The buffer that is being filled, and the one that is full.
    private var filling: UnsafeMutableRawPointer
    private var full: UnsafeMutableRawPointer
    /// Where the full buffer goes; nil if it is empty.
    private var destination: UnsafeMutableRawPointer?

    @inline(__always)
    private var lanes: Int { Vector.scalarCount }
    /// Bytes from one row of a buffer to the next: no power of two, as rows would collide in the cache.
    @inline(__always)
    private var pitch: Int { (height &+ 16) &* 4 }

    @inline(__always)
    init(
        area: TransposeArea, strip: Int, ahead: Int, buffer: UnsafeMutableRawPointer, _ thread: Int
    ) {
        (self.area, self.strip, self.ahead) = (area, strip, ahead)
        let bytes = width &* (height &+ 16) &* 4
        let line = buffer + (64 &- Int(bitPattern: buffer) & 63)
        filling = line + 2 &* thread &* bytes
        full = filling + bytes
        destination = nil
    }

    @inline(__always)
    mutating func transpose(streams: Bool) {
        // Rows to the first one whose elements of b are aligned.
        let head = streams ? (64 &- Int(bitPattern: area.b) & 63) / 4 % lanes : 0
        var left = 0
        while left < area.columns {
            let right = min(left &+ strip, area.columns)
            if head > 0 { rest(0, min(head, area.rows), left, right) }
            var row = head
            while row &+ height <= area.rows {
                var column = left
                while column &+ width <= right {
                    block(row, column, left, right, streams: streams)
                    column &+= width
                }
                rest(row, row &+ height, column, right)
                row &+= height
            }
            rest(row, area.rows, left, right)
            left = right
        }
        if streams { finish() }
    }

    /// Brings the last full buffer to b.
    @inline(__always)
    private func finish() {
        guard var destination else { return }
        var buffer = full
        for _ in 0..<height &* width / 128 { destination = drain(&buffer, destination) }
        simd_stream_fence()
    }

    /// Transposes straight to b what is less than a block. Squares that would leave the area are moved back into it.
    @inline(never)
    private func rest(_ top: Int, _ bottom: Int, _ left: Int, _ right: Int) {
        var row = top
        while row < bottom {
            var column = left
            while column < right {
                let i = min(row, area.rows &- lanes), j = min(column, area.columns &- lanes)
                square(area.source(i, j), area.destination(i, j), area.ldb)
                column &+= lanes
            }
            row &+= lanes
        }
    }

    /// A whole block. After each 8 × 16 floats as many lines are prefetched, and brought from the full buffer to b: reading, transposing and
    /// writing keep pace.
    @inline(__always)
    private mutating func block(
        _ row: Int, _ column: Int, _ left: Int, _ right: Int, streams: Bool
    ) {
        let source = area.source(row, column)
        let target = streams ? filling : area.destination(row, column)
        let targetPitch = streams ? pitch : area.ldb
        // The block `ahead` of this one; beyond the strip's right edge it is one of the next row of blocks.
        let next = column &+ ahead &* width
        var request =
            next < right
            ? area.source(row, next) : area.source(row &+ height, next &- right &+ left)
        var buffer = full
        var destination = destination
        var i = 0
        while i < height {
            var j = 0
            while j < width {
                piece(
                    source + (i &* area.lda &+ j &* 4), target + (j &* targetPitch &+ i &* 4),
                    targetPitch)
                if ahead > 0 { prefetch(&request) }
                if streams {
                    takeRoom()
                    if let place = destination { destination = drain(&buffer, place) }
                    takeRoom()
                }
                j &+= 16
            }
            i &+= 8
        }
        if streams {
            swap(&filling, &full)
            self.destination = area.destination(row, column)
        }
    }

    /// Asks for eight lines of a block of a.
    @inline(__always)
    private func prefetch(_ row: inout UnsafeRawPointer) {
        var line = 0
        while line < 8 {
            var byte = 0
            while byte < width &* 4 {
                simd_prefetch_l2(row + byte)
                byte &+= 64
            }
            row += area.lda
            line &+= width / 16
        }
    }

    /// Brings eight lines of a buffer to b.
    @inline(__always)
    private func drain(
        _ row: inout UnsafeMutableRawPointer, _ destination: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        var destination = destination
        var line = 0
        while line < 8 {
            var byte = 0
            while byte < height &* 4 {
                let vector = row.loadUnaligned(fromByteOffset: byte, as: Vector.self)
                stream(vector, to: destination + byte)
                byte &+= lanes &* 4
            }
            row += pitch
            destination += area.ldb
            line &+= height / 16
        }
        return destination
    }

    /// Keeps what follows from being asked of memory together with what is before.
    @inline(__always)
    private func takeRoom() {
        var count = 0
        while count < room {
            simd_take_room()
            count &+= 1
        }
    }

    /// Eight rows of 16 floats: half a square if there are 16 lanes.
    @inline(__always)
    private func piece(
        _ a: UnsafeRawPointer, _ b: UnsafeMutableRawPointer, _ pitch: Int
    ) {
        if Vector.self == SIMD16<Float>.self {
            return simd_transpose_half16(a, area.lda, b, pitch)
        }
        var y = 0
        while y < 8 {
            var x = 0
            while x < 16 {
                square(a + (y &* area.lda &+ x &* 4), b + (x &* pitch &+ y &* 4), pitch)
                x &+= lanes
            }
            y &+= lanes
        }
    }

    /// A square of lanes × lanes in registers.
    @inline(__always)
    private func square(
        _ a: UnsafeRawPointer, _ b: UnsafeMutableRawPointer, _ pitch: Int
    ) {
        if Vector.self == SIMD16<Float>.self {
            var rows = load(a, InlineArray<16, Vector>(repeating: Vector()))
            withUnsafeMutablePointer(to: &rows) { simd_transpose_square16($0) }
            write(rows, b, pitch)
        } else if Vector.self == SIMD8<Float>.self {
            var rows = load(a, InlineArray<8, Vector>(repeating: Vector()))
            withUnsafeMutablePointer(to: &rows) { simd_transpose_square8($0) }
            write(rows, b, pitch)
        } else {
            var rows = load(a, InlineArray<4, Vector>(repeating: Vector()))
            withUnsafeMutablePointer(to: &rows) { simd_transpose_square4($0) }
            write(rows, b, pitch)
        }
    }

    @inline(__always)
    private func load<let count: Int>(
        _ a: UnsafeRawPointer, _ zeros: InlineArray<count, Vector>
    ) -> InlineArray<count, Vector> {
        var rows = zeros
        var i = 0
        while i < count {
            rows[unchecked: i] = a.loadUnaligned(fromByteOffset: i &* area.lda, as: Vector.self)
            i &+= 1
        }
        return rows
    }

    @inline(__always)
    private func write<let count: Int>(
        _ rows: InlineArray<count, Vector>, _ b: UnsafeMutableRawPointer, _ pitch: Int
    ) {
        var i = 0
        while i < count {
            b.storeBytes(of: rows[unchecked: i], toByteOffset: i &* pitch, as: Vector.self)
            i &+= 1
        }
    }
}
