import CSIMD

/// Direct convolution (as image processing has it: a correlation) of one channel with a small filter, over the valid region:
/// y[r][c] = Σ x[r + i][c + j] · filter[i][j] over i < kh, j < kw. No padding, no transform; for filters of 3×3 to some 15×15.
///
/// Each thread has a band of rows of y, divided in blocks of columns narrow enough that the rows of x which neighbouring tiles share stay in the cache.
/// A tile in registers is `mr` rows by `nv` vectors (see `Conv2DTile`). Tiles that would leave the band are moved back into it.
///
/// Buffers: x (rows + kh − 1 by columns + kw − 1), filter (kh × kw), y, columns of the filter (scratch). Dimensions: rows and columns of y,
/// kh, kw, ldx, ldy (elements). Arguments: block (columns), near and far (how many columns ahead x is asked for, to be in the first and in the
/// second level of the cache, 0 for not at all), stream (0 or 1: stores go past the caches where y is aligned), threads.
enum Conv2D<let mr: Int, let nv: Int, Vector: SIMD> where Vector.Scalar == Float {
    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let image = Conv2DImage(call, thread)
        let lanes = Vector.scalarCount
        if image.columns < lanes { return image.convolveSingly() }
        let isTall = image.rows >= mr
        let block = Int(call.pointee.arguments[0])
        var left = 0
        while left < image.columns {
            let right = min(left &+ block, image.columns)
            var row = 0
            while row < image.rows {
                if isTall {
                    Conv2DBand<mr, nv, Vector>.run(
                        image, min(row, image.rows &- mr), left, right)
                    row &+= mr
                } else {
                    Conv2DBand<1, nv, Vector>.run(image, row, left, right)
                    row &+= 1
                }
            }
            left = right
        }
        if image.streams { simd_stream_fence() }
    }
}

/// `mr` rows of a block of columns.
enum Conv2DBand<let mr: Int, let nv: Int, Vector: SIMD> where Vector.Scalar == Float {
    @inline(never)
    static func run(_ image: Conv2DImage, _ row: Int, _ left: Int, _ right: Int) {
        let lanes = Vector.scalarCount
        let streams = image.streams && image.ldy & (lanes &* 4 &- 1) == 0
        var column = left
        if streams {
            // One vector that is not aligned, up to where vectors are.
            let head = Int(bitPattern: image.y + left &* 4) & (lanes &* 4 &- 1)
            if head > 0 {
                Conv2DTile<mr, 1, Vector>.run(
                    image, row, min(left, image.columns &- lanes), left, right, streams: false)
                column &+= lanes &- head / 4
            }
        }
        while column &+ nv &* lanes <= right {
            Conv2DTile<mr, nv, Vector>.run(
                image, row, column, left, right, streams: streams)
            column &+= nv &* lanes
        }
        while column &+ lanes <= right {
            Conv2DTile<mr, 1, Vector>.run(
                image, row, column, left, right, streams: streams)
            column &+= lanes
        }
        if column < right {
            Conv2DTile<mr, 1, Vector>.run(
                image, row, min(column, image.columns &- lanes), left, right, streams: false)
        }
    }
}
