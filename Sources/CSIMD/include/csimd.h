// Instructions that Swift cannot spell, as header-only functions that inline into a kernel.
#pragma once

// Asks for the cache line at `address`, to be read soon and kept in every level.
static inline __attribute__((always_inline)) void simd_prefetch(const void *_Nonnull address) {
    __builtin_prefetch(address, 0, 3);
}

// The same for the second level only: for more lines than the first has room for.
static inline __attribute__((always_inline)) void simd_prefetch_l2(const void *_Nonnull address) {
    __builtin_prefetch(address, 0, 2);
}

// The same address some three cycles later, for prefetches that must not come faster than memory answers.
static inline __attribute__((always_inline)) const void *_Nonnull simd_delay(const void *_Nonnull address) {
#if defined(__x86_64__)
    __asm__("imul $1, %0, %0" : "+r"(address));
#endif
    return address;
}

// Where `line` has reached the end of its row, goes to the start of the next one; rows of `row` bytes are `distance` bytes apart.
// One instruction to the optimizer, which would keep sums in memory where the innermost loop has a branch.
static inline __attribute__((always_inline)) void simd_pass_row(
    const void *_Nonnull *_Nonnull line, const void *_Nonnull *_Nonnull end, long distance, long row) {
#if defined(__x86_64__)
    __asm__("cmp %1, %0\n jb 1f\n add %2, %1\n mov %1, %0\n sub %3, %0\n 1:" : "+r"(*line), "+r"(*end) : "r"(distance), "r"(row) : "cc");
#else
    if ((const char *)*line < (const char *)*end) return;
    *end = (const char *)*end + distance;
    *line = (const char *)*end - row;
#endif
}

// 32 instructions that do nothing: a processor that looks a fixed number of instructions ahead then asks memory for fewer lines at once.
static inline __attribute__((always_inline)) void simd_take_room(void) {
    __asm__ volatile(".rept 32\n nop\n .endr");
}

// The square root in one instruction; Swift's own becomes a call of libm for the sake of errno.
static inline __attribute__((always_inline)) float simd_sqrt(float x) {
    return __builtin_elementwise_sqrt(x);
}

// sum + x · y for vectors of 4, 8 and 16 floats, which Swift sees as SIMD4<Float> and so on. Swift's `addProduct` is spelled lane by lane
// for the optimizer, which takes long to compile, and is a call of libm for each lane where the target cannot multiply
// and add in one instruction. All are inlined, so it does not matter how wide vectors are passed.
#ifdef __FMA__
#define SIMD_MULTIPLY_ADD(sum, x, y) __builtin_elementwise_fma(x, y, sum)
#else
#define SIMD_MULTIPLY_ADD(sum, x, y) ((sum) + (x) * (y))
#endif
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"
#define SIMD_DEFINE_MULTIPLY_ADD(lanes)                                                             \
    typedef float simd_float##lanes __attribute__((ext_vector_type(lanes)));                        \
    static inline __attribute__((always_inline)) simd_float##lanes simd_multiply_add##lanes(        \
        simd_float##lanes sum, simd_float##lanes x, simd_float##lanes y) {                          \
        return SIMD_MULTIPLY_ADD(sum, x, y);                                                        \
    }
SIMD_DEFINE_MULTIPLY_ADD(4)
SIMD_DEFINE_MULTIPLY_ADD(8)
SIMD_DEFINE_MULTIPLY_ADD(16)
static inline __attribute__((always_inline)) float simd_multiply_add1(float sum, float x, float y) {
    return SIMD_MULTIPLY_ADD(sum, x, y);
}
#pragma clang diagnostic pop

// Stores that go past the caches, for what is not read again soon: a line written whole need not be read first. `address` is aligned to the vector.
// Other threads may see them late: `simd_stream_fence` after the last of them.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"
#define SIMD_DEFINE_STREAM(lanes)                                                                   \
    static inline __attribute__((always_inline)) void simd_stream##lanes(                           \
        void *_Nonnull address, simd_float##lanes value) {                                          \
        __builtin_nontemporal_store(value, (simd_float##lanes *)address);                           \
    }
SIMD_DEFINE_STREAM(4)
SIMD_DEFINE_STREAM(8)
SIMD_DEFINE_STREAM(16)
static inline __attribute__((always_inline)) void simd_stream_fence(void) {
#if defined(__x86_64__)
    __builtin_ia32_sfence();
#else
    __atomic_thread_fence(__ATOMIC_RELEASE);
#endif
}
#pragma clang diagnostic pop

// simd_transpose_square: the rows of a square of floats become its columns, in registers. Words and pairs of words change places within each
// 128 bits of four neighbouring rows, which is cheap on every target; then the 128-bit pieces of every fourth row.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"
// Vectors of an InlineArray are aligned to 16 bytes only.
typedef simd_float4 simd_loose4 __attribute__((aligned(4)));
typedef simd_float8 simd_loose8 __attribute__((aligned(4)));
typedef simd_float16 simd_loose16 __attribute__((aligned(4)));
#define SIMD_WORDS_4(x, y, w) __builtin_shufflevector(x, y, w, w + 4, w + 1, w + 5)
#define SIMD_WORDS_8(x, y, w)                                                                       \
    __builtin_shufflevector(x, y, w, w + 8, w + 1, w + 9, w + 4, w + 12, w + 5, w + 13)
#define SIMD_WORDS_16(x, y, w)                                                                      \
    __builtin_shufflevector(x, y, w, w + 16, w + 1, w + 17, w + 4, w + 20, w + 5, w + 21, w + 8,    \
                            w + 24, w + 9, w + 25, w + 12, w + 28, w + 13, w + 29)
#define SIMD_PAIRS_4(x, y, w) __builtin_shufflevector(x, y, w, w + 1, w + 4, w + 5)
#define SIMD_PAIRS_8(x, y, w)                                                                       \
    __builtin_shufflevector(x, y, w, w + 1, w + 8, w + 9, w + 4, w + 5, w + 12, w + 13)
#define SIMD_PAIRS_16(x, y, w)                                                                      \
    __builtin_shufflevector(x, y, w, w + 1, w + 16, w + 17, w + 4, w + 5, w + 20, w + 21, w + 8,    \
                            w + 9, w + 24, w + 25, w + 12, w + 13, w + 28, w + 29)
// Every second piece of x, then of y, from piece p on.
#define SIMD_PIECES_8(x, y, p)                                                                      \
    __builtin_shufflevector(x, y, 4 * p, 4 * p + 1, 4 * p + 2, 4 * p + 3, 4 * p + 8, 4 * p + 9,     \
                            4 * p + 10, 4 * p + 11)
#define SIMD_PIECES_16(x, y, p)                                                                     \
    __builtin_shufflevector(x, y, 4 * p, 4 * p + 1, 4 * p + 2, 4 * p + 3, 4 * p + 8, 4 * p + 9,     \
                            4 * p + 10, 4 * p + 11, 4 * p + 16, 4 * p + 17, 4 * p + 18, 4 * p + 19, \
                            4 * p + 24, 4 * p + 25, 4 * p + 26, 4 * p + 27)
#define SIMD_FOUR_ROWS(lanes, row)                                                                  \
    do {                                                                                            \
        simd_float##lanes low01 = SIMD_WORDS_##lanes((row)[0], (row)[1], 0);                        \
        simd_float##lanes high01 = SIMD_WORDS_##lanes((row)[0], (row)[1], 2);                       \
        simd_float##lanes low23 = SIMD_WORDS_##lanes((row)[2], (row)[3], 0);                        \
        simd_float##lanes high23 = SIMD_WORDS_##lanes((row)[2], (row)[3], 2);                       \
        (row)[0] = SIMD_PAIRS_##lanes(low01, low23, 0);                                             \
        (row)[1] = SIMD_PAIRS_##lanes(low01, low23, 2);                                             \
        (row)[2] = SIMD_PAIRS_##lanes(high01, high23, 0);                                           \
        (row)[3] = SIMD_PAIRS_##lanes(high01, high23, 2);                                           \
    } while (0)
static inline __attribute__((always_inline)) void simd_transpose_square4(void *_Nonnull square) {
    simd_loose4 *rows = (simd_loose4 *)square;
    SIMD_FOUR_ROWS(4, rows);
}
static inline __attribute__((always_inline)) void simd_transpose_square8(void *_Nonnull square) {
    simd_loose8 *rows = (simd_loose8 *)square;
    SIMD_FOUR_ROWS(8, rows);
    SIMD_FOUR_ROWS(8, rows + 4);
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++) {
        simd_float8 left = rows[i], right = rows[i + 4];
        rows[i] = SIMD_PIECES_8(left, right, 0);
        rows[i + 4] = SIMD_PIECES_8(left, right, 1);
    }
}
static inline __attribute__((always_inline)) void simd_transpose_square16(void *_Nonnull square) {
    simd_loose16 *rows = (simd_loose16 *)square;
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 16; i += 4) SIMD_FOUR_ROWS(16, rows + i);
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++) {
        simd_float16 even01 = SIMD_PIECES_16(rows[i], rows[i + 4], 0);
        simd_float16 odd01 = SIMD_PIECES_16(rows[i], rows[i + 4], 1);
        simd_float16 even23 = SIMD_PIECES_16(rows[i + 8], rows[i + 12], 0);
        simd_float16 odd23 = SIMD_PIECES_16(rows[i + 8], rows[i + 12], 1);
        rows[i] = SIMD_PIECES_16(even01, even23, 0);
        rows[i + 4] = SIMD_PIECES_16(odd01, odd23, 0);
        rows[i + 8] = SIMD_PIECES_16(even01, even23, 1);
        rows[i + 12] = SIMD_PIECES_16(odd01, odd23, 1);
    }
}
// Half a square of 16: eight rows of 16 floats become 16 rows of eight. Rows are `from_pitch` and `to_pitch` bytes apart.
static inline __attribute__((always_inline)) void simd_transpose_half16(
    const void *_Nonnull from, long from_pitch, void *_Nonnull to, long to_pitch) {
    simd_float16 rows[8];
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 8; i++)
        rows[i] = *(const simd_loose16 *)((const char *)from + i * from_pitch);
    SIMD_FOUR_ROWS(16, rows);
    SIMD_FOUR_ROWS(16, rows + 4);
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 16; i++) {
        simd_float16 upper = rows[i % 4], lower = rows[i % 4 + 4];
        simd_float16 low = __builtin_shufflevector(upper, lower, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
        simd_float16 high = __builtin_shufflevector(upper, lower, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
        simd_float16 pair = i < 8 ? low : high;
        *(simd_loose8 *)((char *)to + i * to_pitch) =
            i / 4 % 2 ? __builtin_shufflevector(pair, pair, 8, 9, 10, 11, 12, 13, 14, 15)
                      : __builtin_shufflevector(pair, pair, 0, 1, 2, 3, 4, 5, 6, 7);
    }
}
#pragma clang diagnostic pop

// Each lane's left neighbour in a row in which x follows `before`, and its right neighbour in one in which `after` follows x.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"
#define SIMD_DEFINE_NEIGHBOURS(lanes, left, right)                                                  \
    static inline __attribute__((always_inline)) simd_float##lanes simd_left_neighbours##lanes(     \
        simd_float##lanes before, simd_float##lanes x) {                                            \
        return __builtin_shufflevector(before, x, SIMD_LIST left);                                  \
    }                                                                                               \
    static inline __attribute__((always_inline)) simd_float##lanes simd_right_neighbours##lanes(    \
        simd_float##lanes x, simd_float##lanes after) {                                             \
        return __builtin_shufflevector(x, after, SIMD_LIST right);                                  \
    }
#define SIMD_LIST(...) __VA_ARGS__
SIMD_DEFINE_NEIGHBOURS(4, (3, 4, 5, 6), (1, 2, 3, 4))
SIMD_DEFINE_NEIGHBOURS(8, (7, 8, 9, 10, 11, 12, 13, 14), (1, 2, 3, 4, 5, 6, 7, 8))
SIMD_DEFINE_NEIGHBOURS(16, (15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30),
                       (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))
#pragma clang diagnostic pop

// Of as many pairs of bfloat16 as there are lanes, which lie at `address`: the first of each pair as floats, and the second.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"
#define SIMD_DEFINE_BF16_PAIRS(lanes)                                                               \
    typedef unsigned simd_words##lanes __attribute__((ext_vector_type(lanes)));                     \
    static inline __attribute__((always_inline)) simd_float##lanes simd_bf16_first##lanes(          \
        const void *_Nonnull address) {                                                             \
        simd_words##lanes pairs;                                                                    \
        __builtin_memcpy(&pairs, address, sizeof pairs);                                            \
        return (simd_float##lanes)(pairs << 16);                                                    \
    }                                                                                               \
    static inline __attribute__((always_inline)) simd_float##lanes simd_bf16_second##lanes(         \
        const void *_Nonnull address) {                                                             \
        simd_words##lanes pairs;                                                                    \
        __builtin_memcpy(&pairs, address, sizeof pairs);                                            \
        return (simd_float##lanes)(pairs & 0xffff0000u);                                            \
    }
SIMD_DEFINE_BF16_PAIRS(4)
SIMD_DEFINE_BF16_PAIRS(8)
SIMD_DEFINE_BF16_PAIRS(16)
#pragma clang diagnostic pop
