import CSIMD

/// One step of the heat equation on a chip: hotspot of Rodinia (Che et al., 2009). Each cell of the new grid is
///
///     t + kx·(west + east − 2t) + ky·(north + south − 2t) + kz·(80 − t) + kp·power
///
/// in degrees, where 80 is the ambient temperature, k = {kx, ky, kz, kp} what Rodinia calls Δt/C over Rx, Ry, Rz and 1, and a neighbour beyond
/// the border is the cell itself.
///
/// Each thread has a band of rows, divided in blocks of columns narrow enough that rows stay in the cache until the next ones need them. `mr` rows at a
/// time share the loads of their northern and southern neighbours.
///
/// Buffers: temperature, power, k, result. Dimensions: rows, columns, ldt, ldp, ldr (elements). Arguments: block (columns), distance (bytes to
/// prefetch ahead along rows, 0 for none), stream (0 or 1: stores go past the caches where the result is aligned), threads.
enum Stencil2D<let mr: Int, let unroll: Int, Vector: SIMD> where Vector.Scalar == Float {
    @inline(__always)
    static func run(_ call: UnsafePointer<KernelCall>, _ thread: Int) {
        let grid = Stencil2DGrid(call)
        let own = share(grid.rows, granule: 1, thread, of: Int(call.pointee.threads))
        if grid.columns < Vector.scalarCount { return grid.step(rows: own) }
        let block = Int(call.pointee.arguments[0])
        var left = 0
        while left < grid.columns {
            let right = min(left &+ block, grid.columns)
            var row = own.start
            while row < own.end {
                if own.end &- own.start >= mr {
                    // The last rows are done twice rather than by other code.
                    Stencil2DRows<mr, unroll, Vector>.run(
                        grid, min(row, own.end &- mr), left, right)
                    row &+= mr
                } else {
                    Stencil2DRows<1, unroll, Vector>.run(grid, row, left, right)
                    row &+= 1
                }
            }
            left = right
        }
        if grid.streams { simd_stream_fence() }
    }
}

/// `mr` rows of a block of columns.
///
/// Goes from left to right with three neighbouring vectors of each row in registers, so that no western or eastern neighbour is loaded.
enum Stencil2DRows<let mr: Int, let unroll: Int, Vector: SIMD> where Vector.Scalar == Float {
    typealias Column = InlineArray<mr, Vector>

    @inline(__always) static var lanes: Int { Vector.scalarCount }

    @inline(never)
    static func run(_ grid: Stencil2DGrid, _ row: Int, _ left: Int, _ right: Int) {
        let last = grid.columns &- lanes
        // Vectors are aligned to the result, if its rows are aligned alike: a line that one store fills need not be read first.
        let misaligned = Int(bitPattern: grid.result + left &* 4) & (lanes &* 4 &- 1)
        let aligns = grid.ldr & (lanes &* 4 &- 1) == 0
        var column = left
        if misaligned > 0 && aligns {
            single(grid, row, min(left, last))
            column &+= lanes &- misaligned / 4
        }
        if grid.streams && aligns {
            column = whole(grid, row, column, right, streams: true)
        } else {
            column = whole(grid, row, column, right, streams: false)
        }
        while column < right {
            single(grid, row, min(column, last))
            column &+= lanes
        }
    }

    /// Vectors with a whole vector to their right; returns where they end.
    @inline(__always)
    static func whole(
        _ grid: Stencil2DGrid, _ row: Int, _ first: Int, _ right: Int, streams: Bool
    ) -> Int {
        let end = min(right, grid.columns &- lanes)
        var column = first
        if column &+ lanes > end { return column }
        var before = copies(grid, row, max(first &- 1, 0))
        var here = load(grid, row, first)
        while column &+ unroll &* lanes <= end {
            if grid.distance > 0 {
                for u in 0..<unroll where u &* lanes & 15 == 0 {
                    prefetch(grid, row, column &+ u &* lanes)
                }
            }
            for u in 0..<unroll {
                step(grid, row, column &+ u &* lanes, &before, &here, streams: streams)
            }
            column &+= unroll &* lanes
        }
        while column &+ lanes <= end {
            step(grid, row, column, &before, &here, streams: streams)
            column &+= lanes
        }
        return column
    }

    /// The vectors at one column, with the next ones loaded and all moved on.
    @inline(__always)
    static func step(
        _ grid: Stencil2DGrid, _ row: Int, _ column: Int, _ before: inout Column,
        _ here: inout Column, streams: Bool
    ) {
        let after = load(grid, row, column &+ lanes)
        write(grid, row, column, before, here, after, streams: streams)
        before = here
        here = after
    }

    /// The vectors at any column.
    @inline(never)
    static func single(_ grid: Stencil2DGrid, _ row: Int, _ column: Int) {
        // Of the neighbouring vectors one cell is needed.
        let before = copies(grid, row, max(column &- 1, 0))
        let after = copies(grid, row, min(column &+ lanes, grid.columns &- 1))
        write(grid, row, column, before, load(grid, row, column), after, streams: false)
    }

    @inline(__always)
    static func load(_ grid: Stencil2DGrid, _ row: Int, _ column: Int) -> Column {
        var vectors = Column(repeating: Vector())
        var t = 0
        while t < mr {
            vectors[unchecked: t] = grid.cell(row &+ t, column).loadUnaligned(as: Vector.self)
            t &+= 1
        }
        return vectors
    }

    /// Each row's cell in all lanes.
    @inline(__always)
    static func copies(_ grid: Stencil2DGrid, _ row: Int, _ column: Int) -> Column {
        var vectors = Column(repeating: Vector())
        var t = 0
        while t < mr {
            vectors[unchecked: t] = Vector(
                repeating: grid.cell(row &+ t, column).loadUnaligned(as: Float.self))
            t &+= 1
        }
        return vectors
    }

    @inline(__always)
    static func write(
        _ grid: Stencil2DGrid, _ row: Int, _ column: Int, _ before: Column, _ here: Column,
        _ after: Column, streams: Bool
    ) {
        let above = grid.cell(max(row &- 1, 0), column).loadUnaligned(as: Vector.self)
        let below = grid.cell(min(row &+ mr, grid.rows &- 1), column)
            .loadUnaligned(as: Vector.self)
        var t = 0
        while t < mr {
            let x = here[unchecked: t]
            let north = t == 0 ? above : here[unchecked: max(t &- 1, 0)]
            let south = t == mr &- 1 ? below : here[unchecked: min(t &+ 1, mr &- 1)]
            let west = leftNeighbours(before[unchecked: t], x)
            let east = rightNeighbours(x, after[unchecked: t])
            let power = grid.power + ((row &+ t) &* grid.ldp &+ column &* 4)
            var sum = multiplyAdd(
                Vector(repeating: grid.constant), x, Vector(repeating: grid.center))
            sum = multiplyAdd(sum, west + east, Vector(repeating: grid.across))
            sum = multiplyAdd(sum, north + south, Vector(repeating: grid.along))
            sum = multiplyAdd(
                sum, power.loadUnaligned(as: Vector.self), Vector(repeating: grid.heating))
            store(
                sum, to: grid.result + ((row &+ t) &* grid.ldr &+ column &* 4), streams: streams)
            t &+= 1
        }
    }

    /// Asks for a line of each row that no earlier group has read.
    @inline(__always)
    static func prefetch(_ grid: Stencil2DGrid, _ row: Int, _ column: Int) {
        let byte = column &* 4 &+ grid.distance
        var south = grid.temperature + ((row &+ 1) &* grid.ldt &+ byte)
        var power = grid.power + (row &* grid.ldp &+ byte)
        for _ in 0..<mr {
            simd_prefetch(south)
            simd_prefetch(power)
            south += grid.ldt
            power += grid.ldp
        }
    }
}
