@testable import KernelSpace

/// Spaces of Kernel Tuner's benchmarks and the number of configurations it finds in them.
struct SpaceDefinition {
    var name: String
    var parameters: [(name: String, values: [Value])]
    var constraints: [String]
    var count: Int

    /// The space, every domain replaced by what `domain` gives.
    func space(domain: ([Value]) -> [Value] = { $0 }) throws -> SearchSpace {
        try SearchSpace(
            parameters: parameters.map {
                Parameter(name: $0.name, role: .argument, values: domain($0.values))
            },
            constraints: constraints.map { try Constraint($0) })
    }

    private static func integers(_ values: Int...) -> [Value] { values.map(Value.integer) }
    private static func range(_ values: ClosedRange<Int>) -> [Value] { values.map(Value.integer) }

    static let all = [
        SpaceDefinition(
            name: "atf_gaussian_16x16",
            parameters: [
                ("CACHE_L_CB", integers(0, 1)),
                ("CACHE_P_CB", integers(0, 1)),
                ("G_CB_RES_DEST_LEVEL", integers(2)),
                ("L_CB_RES_DEST_LEVEL", integers(2, 1, 0)),
                ("P_CB_RES_DEST_LEVEL", integers(2, 1, 0)),
                ("INPUT_SIZE_L_1", integers(16)),
                ("L_CB_SIZE_L_1", range(1...16)),
                ("P_CB_SIZE_L_1", range(1...16)),
                ("OCL_DIM_L_1", integers(0, 1)),
                ("NUM_WG_L_1", range(1...16)),
                ("NUM_WI_L_1", range(1...16)),
                ("INPUT_SIZE_L_2", integers(16)),
                ("L_CB_SIZE_L_2", range(1...16)),
                ("P_CB_SIZE_L_2", range(1...16)),
                ("OCL_DIM_L_2", integers(0, 1)),
                ("NUM_WG_L_2", range(1...16)),
                ("NUM_WI_L_2", range(1...16)),
                ("L_REDUCTION", integers(1)),
                ("P_WRITE_BACK", integers(0)),
                ("L_WRITE_BACK", integers(2)),
            ],
            constraints: [
                "L_CB_RES_DEST_LEVEL <= G_CB_RES_DEST_LEVEL",
                "P_CB_RES_DEST_LEVEL <= L_CB_RES_DEST_LEVEL",
                "INPUT_SIZE_L_1 % L_CB_SIZE_L_1 == 0",
                "L_CB_SIZE_L_1 % P_CB_SIZE_L_1 == 0",
                "(INPUT_SIZE_L_1 / L_CB_SIZE_L_1) % NUM_WG_L_1 == 0",
                "(L_CB_SIZE_L_1 / P_CB_SIZE_L_1) % NUM_WI_L_1 == 0",
                "NUM_WI_L_1 <= (INPUT_SIZE_L_1 + NUM_WG_L_1 - 1 / NUM_WG_L_1)",
                "INPUT_SIZE_L_2 % L_CB_SIZE_L_2 == 0",
                "L_CB_SIZE_L_2 % P_CB_SIZE_L_2 == 0",
                "OCL_DIM_L_2 != OCL_DIM_L_1",
                "(INPUT_SIZE_L_2 / L_CB_SIZE_L_2) % NUM_WG_L_2 == 0",
                "(L_CB_SIZE_L_2 / P_CB_SIZE_L_2) % NUM_WI_L_2 == 0",
                "NUM_WI_L_2 <= (INPUT_SIZE_L_2 + NUM_WG_L_2 - 1 / NUM_WG_L_2)",
            ],
            count: 235_200),
        SpaceDefinition(
            name: "dedispersion",
            parameters: [
                ("block_size_x", integers(1, 2, 4, 8, 16, 32)),
                ("block_size_y", stride(from: 32, through: 256, by: 8).map(Value.integer)),
                ("block_size_z", integers(1)),
                ("tile_size_x", range(1...4)),
                ("tile_size_y", range(1...8)),
                ("tile_stride_x", integers(0, 1)),
                ("tile_stride_y", integers(0, 1)),
                ("loop_unroll_factor_channel", integers(0)),
            ],
            constraints: [
                "32 <= block_size_x * block_size_y <= 1024",
                "tile_size_x > 1 or tile_stride_x == 0",
                "tile_size_y > 1 or tile_stride_y == 0",
            ],
            count: 11_130),
        SpaceDefinition(
            name: "hotspot",
            parameters: [
                (
                    "block_size_x",
                    integers(1, 2, 4, 8, 16)
                        + stride(from: 32, through: 1024, by: 32).map(Value.integer)
                ),
                ("block_size_y", integers(1, 2, 4, 8, 16, 32)),
                ("tile_size_x", range(1...10)),
                ("tile_size_y", range(1...10)),
                ("temporal_tiling_factor", range(1...10)),
                ("max_tfactor", integers(10)),
                ("loop_unroll_factor_t", range(1...10)),
                ("sh_power", integers(0, 1)),
                ("blocks_per_sm", range(0...4)),
            ],
            constraints: [
                "block_size_x*block_size_y >= 32",
                "temporal_tiling_factor % loop_unroll_factor_t == 0",
                "block_size_x*block_size_y <= 1024",
                "(block_size_x*tile_size_x + temporal_tiling_factor * 2) * "
                    + "(block_size_y*tile_size_y + temporal_tiling_factor * 2) * (2+sh_power) * 4 <= "
                    + "49152",
                "blocks_per_sm == 0 or (((block_size_x*tile_size_x + temporal_tiling_factor * 2) "
                    + "* (block_size_y*tile_size_y + temporal_tiling_factor * 2) * (2+sh_power) * 4) "
                    + "* blocks_per_sm <= 102400)",
            ],
            count: 349_853),
        SpaceDefinition(
            name: "microhh",
            parameters: [
                ("STATIC_STRIDES", integers(0)),
                ("TILING_STRATEGY", integers(0)),
                ("REWRITE_INTERP", integers(0)),
                ("BLOCK_SIZE_X", integers(1, 2, 4, 8, 16, 32, 128, 256, 512, 1024)),
                ("BLOCK_SIZE_Y", integers(1, 2, 4, 8, 16, 32)),
                ("BLOCK_SIZE_Z", integers(1, 2, 4)),
                ("TILING_FACTOR_X", integers(1, 2, 4, 8)),
                ("TILING_FACTOR_Y", integers(1, 2, 4)),
                ("TILING_FACTOR_Z", integers(1, 2, 4)),
                ("LOOP_UNROLL_FACTOR_X", integers(1, 2, 4, 8)),
                ("LOOP_UNROLL_FACTOR_Y", integers(1, 2, 4)),
                ("LOOP_UNROLL_FACTOR_Z", integers(1, 2, 4)),
                ("BLOCKS_PER_MP", range(0...4)),
            ],
            constraints: [
                "BLOCK_SIZE_X * BLOCK_SIZE_Y * BLOCK_SIZE_Z * BLOCKS_PER_MP <= 1024",
                "32 <= BLOCK_SIZE_X * BLOCK_SIZE_Y * BLOCK_SIZE_Z <= 1536",
                "LOOP_UNROLL_FACTOR_X == 0 or TILING_FACTOR_X % LOOP_UNROLL_FACTOR_X == 0",
                "LOOP_UNROLL_FACTOR_Y == 0 or TILING_FACTOR_Y % LOOP_UNROLL_FACTOR_Y == 0",
                "LOOP_UNROLL_FACTOR_Z == 0 or TILING_FACTOR_Z % LOOP_UNROLL_FACTOR_Z == 0",
                "BLOCK_SIZE_X * TILING_FACTOR_X > 0",
                "BLOCK_SIZE_Y * TILING_FACTOR_Y > 0",
                "BLOCK_SIZE_Z * TILING_FACTOR_Z > 0",
            ],
            count: 138_600),
    ]
}
