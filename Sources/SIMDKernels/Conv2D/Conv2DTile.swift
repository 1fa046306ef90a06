import CSIMD

/// A tile of y in registers, `mr` rows by `nv` vectors.
///
/// For one column of the filter after the other, a window as large as the tile slides down x, a row a step: each step loads one new row and meets one
/// element of the filter, which all rows of the tile use. So `nv` loads, most of which cross cache lines, and one broadcast serve mr · nv
/// multiply-adds. The window is not moved: in step u row t of the tile meets row (t + u) mod mr of it, for which mr steps are written out.
enum Conv2DTile<let mr: Int, let nv: Int, Vector: SIMD> where Vector.Scalar == Float {
    typealias Tile = InlineArray<mr, InlineArray<nv, Vector>>

    @inline(__always)
    static func run(
        _ image: Conv2DImage, _ row: Int, _ column: Int, _ left: Int, _ right: Int, streams: Bool
    ) {
        var sums = Tile(repeating: InlineArray<nv, Vector>(repeating: Vector()))
        let x = image.x + (row &* image.ldx &+ column &* 4)
        if image.far > 0 {
            prefetch(image, row, column &+ image.far, left, right, simd_prefetch_l2)
        }
        if image.near > 0 {
            prefetch(image, row, column &+ image.near, left, right, simd_prefetch)
        }
        var weights = image.filter
        for j in 0..<image.kw { slide(&sums, x + j &* 4, &weights, image) }
        if streams {
            write(sums, row, column, image, streams: true)
        } else {
            write(sums, row, column, image, streams: false)
        }
    }

    /// All steps for one column of the filter.
    @inline(__always)
    static func slide(
        _ sums: inout Tile, _ x: UnsafeRawPointer, _ weights: inout UnsafePointer<Float>,
        _ image: Conv2DImage
    ) {
        var window = Tile(repeating: InlineArray<nv, Vector>(repeating: Vector()))
        var x = x
        var t = 0
        while t < mr &- 1 {
            load(&window, t, &x, image.ldx)
            t &+= 1
        }
        var steps = image.kh
        while steps >= mr {
            step(0, &sums, &window, &x, &weights, image.ldx)
            if mr > 1 { step(1, &sums, &window, &x, &weights, image.ldx) }
            if mr > 2 { step(2, &sums, &window, &x, &weights, image.ldx) }
            if mr > 3 { step(3, &sums, &window, &x, &weights, image.ldx) }
            if mr > 4 { step(4, &sums, &window, &x, &weights, image.ldx) }
            if mr > 5 { step(5, &sums, &window, &x, &weights, image.ldx) }
            if mr > 6 { step(6, &sums, &window, &x, &weights, image.ldx) }
            steps &-= mr
        }
        if mr == 1 || steps == 0 { return }
        step(0, &sums, &window, &x, &weights, image.ldx)
        if mr == 2 || steps == 1 { return }
        step(1, &sums, &window, &x, &weights, image.ldx)
        if mr == 3 || steps == 2 { return }
        step(2, &sums, &window, &x, &weights, image.ldx)
        if mr == 4 || steps == 3 { return }
        step(3, &sums, &window, &x, &weights, image.ldx)
        if mr == 5 || steps == 4 { return }
        step(4, &sums, &window, &x, &weights, image.ldx)
        if mr == 6 || steps == 5 { return }
        step(5, &sums, &window, &x, &weights, image.ldx)
    }

    @inline(__always)
    static func step(
        _ u: Int, _ sums: inout Tile, _ window: inout Tile, _ x: inout UnsafeRawPointer,
        _ weights: inout UnsafePointer<Float>, _ ldx: Int
    ) {
        load(&window, (u &+ mr &- 1) % mr, &x, ldx)
        let weight = Vector(repeating: weights.pointee)
        weights += 1
        var t = 0
        while t < mr {
            var v = 0
            while v < nv {
                sums[unchecked: t][unchecked: v] = multiplyAdd(
                    sums[unchecked: t][unchecked: v],
                    window[unchecked: (t &+ u) % mr][unchecked: v], weight)
                v &+= 1
            }
            t &+= 1
        }
    }

    /// The next row of x into row `place` of the window.
    @inline(__always)
    static func load(
        _ window: inout Tile, _ place: Int, _ x: inout UnsafeRawPointer, _ ldx: Int
    ) {
        var v = 0
        while v < nv {
            window[unchecked: place][unchecked: v] = x.loadUnaligned(
                fromByteOffset: v &* Vector.scalarCount &* 4, as: Vector.self)
            v &+= 1
        }
        x += ldx
    }

    /// Asks for what the tile at `column` is the first to read; right of the block's edge that is one of the band below.
    @inline(__always)
    static func prefetch(
        _ image: Conv2DImage, _ row: Int, _ column: Int, _ left: Int, _ right: Int,
        _ request: (UnsafeRawPointer) -> Void
    ) {
        let isInside = column < right
        let first = row &+ image.kh &- 1 &+ (isInside ? 0 : mr)
        let place = isInside ? column : column &- right &+ left
        var x = image.x + (first &* image.ldx &+ place &* 4)
        for _ in 0..<mr {
            var at = 0
            while at < nv &* Vector.scalarCount &* 4 {
                request(x + at)
                at &+= 64
            }
            x += image.ldx
        }
    }

    @inline(__always)
    static func write(
        _ sums: Tile, _ row: Int, _ column: Int, _ image: Conv2DImage, streams: Bool
    ) {
        var y = image.y + (row &* image.ldy &+ column &* 4)
        var t = 0
        while t < mr {
            var v = 0
            while v < nv {
                store(
                    sums[unchecked: t][unchecked: v], to: y + v &* Vector.scalarCount &* 4,
                    streams: streams)
                v &+= 1
            }
            y += image.ldy
            t &+= 1
        }
    }
}
