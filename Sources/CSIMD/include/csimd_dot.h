// Products of narrow numbers: bytes, bfloat16 and blocks of quantised weights, in vectors of 4, 8 and 16 lanes of 32 bits.
//
// A lane holds a group of neighbours along k, as many as one instruction multiplies and sums. Every function is that instruction where the
// target has it and plain vector code elsewhere, so that a kernel compiles for all targets.
#pragma once
#include "csimd.h"
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#define SIMD_INLINE static inline __attribute__((always_inline))
#define SIMD_FOR_4_8_16(define) define(4) define(8) define(16)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"

#define SIMD_DEFINE_TYPES(lanes)                                                                    \
    typedef int32_t simd_int##lanes __attribute__((ext_vector_type(lanes)));                        \
    typedef uint32_t simd_bits##lanes __attribute__((ext_vector_type(lanes)));                      \
    typedef uint16_t simd_halves##lanes __attribute__((ext_vector_type(lanes)));                    \
    typedef int8_t simd_bytes##lanes __attribute__((ext_vector_type(lanes)));                       \
    typedef int16_t simd_pairs##lanes __attribute__((ext_vector_type(2 * lanes)));
SIMD_FOR_4_8_16(SIMD_DEFINE_TYPES)

#define SIMD_LOAD(type, address)                                                                    \
    ({                                                                                              \
        type loaded;                                                                                \
        memcpy(&loaded, address, sizeof loaded);                                                    \
        loaded;                                                                                     \
    })
// x0 y0 x1 y1 …
#define SIMD_ZIP4(x, y) __builtin_shufflevector(x, y, 0, 4, 1, 5, 2, 6, 3, 7)
#define SIMD_ZIP8(x, y) __builtin_shufflevector(x, y, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15)
#define SIMD_ZIP16(x, y)                                                                            \
    __builtin_shufflevector(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, \
                            25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)

// MARK: - Instructions by width

// Pairs: two products of int16 a lane, vpmaddwd. Exact.
#define SIMD_PAIRS_PLAIN(sum, x, y) (sum + ((x << 16) >> 16) * ((y << 16) >> 16) + (x >> 16) * (y >> 16))
#if defined(__SSE2__)
#define SIMD_PAIRS4(sum, x, y) (sum + (simd_int4)_mm_madd_epi16((__m128i)x, (__m128i)y))
#else
#define SIMD_PAIRS4 SIMD_PAIRS_PLAIN
#endif
#if defined(__AVX2__)
#define SIMD_PAIRS8(sum, x, y) (sum + (simd_int8)_mm256_madd_epi16((__m256i)x, (__m256i)y))
#else
#define SIMD_PAIRS8 SIMD_PAIRS_PLAIN
#endif
#if defined(__AVX512BW__)
#define SIMD_PAIRS16(sum, x, y) (sum + (simd_int16)_mm512_madd_epi16((__m512i)x, (__m512i)y))
#else
#define SIMD_PAIRS16 SIMD_PAIRS_PLAIN
#endif

// Fours: four products of an unsigned x and a signed y a lane. vpdpbusd is exact; vpmaddubsw sums two of them in int16, which is exact for
// x ≤ 128 and −128 < y: 128 · 127 · 2 fits.
#define SIMD_BYTE(x, place) ((x << (24 - 8 * place)) >> 24)
#define SIMD_FOURS_PLAIN(sum, x, y)                                                                 \
    (sum + (SIMD_BYTE(x, 0) & 255) * SIMD_BYTE(y, 0) + (SIMD_BYTE(x, 1) & 255) * SIMD_BYTE(y, 1)    \
     + (SIMD_BYTE(x, 2) & 255) * SIMD_BYTE(y, 2) + (SIMD_BYTE(x, 3) & 255) * SIMD_BYTE(y, 3))
#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
#define SIMD_HAS_FOURS 1
#define SIMD_FOURS4(sum, x, y) ((simd_int4)_mm_dpbusd_epi32((__m128i)sum, (__m128i)x, (__m128i)y))
#define SIMD_FOURS8(sum, x, y) ((simd_int8)_mm256_dpbusd_epi32((__m256i)sum, (__m256i)x, (__m256i)y))
#define SIMD_FOURS16(sum, x, y) ((simd_int16)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)x, (__m512i)y))
#else
#define SIMD_HAS_FOURS 0
#if defined(__SSSE3__)
#define SIMD_FOURS4(sum, x, y) SIMD_PAIRS4(sum, _mm_maddubs_epi16((__m128i)x, (__m128i)y), _mm_set1_epi16(1))
#else
#define SIMD_FOURS4 SIMD_FOURS_PLAIN
#endif
#if defined(__AVX2__)
#define SIMD_FOURS8(sum, x, y)                                                                      \
    SIMD_PAIRS8(sum, _mm256_maddubs_epi16((__m256i)x, (__m256i)y), _mm256_set1_epi16(1))
#else
#define SIMD_FOURS8 SIMD_FOURS_PLAIN
#endif
#if defined(__AVX512BW__)
#define SIMD_FOURS16(sum, x, y)                                                                     \
    SIMD_PAIRS16(sum, _mm512_maddubs_epi16((__m512i)x, (__m512i)y), _mm512_set1_epi16(1))
#else
#define SIMD_FOURS16 SIMD_FOURS_PLAIN
#endif
#endif

// Signed fours: both signed. x · y = |x| · (y with the sign of x), which vpmaddubsw takes as above.
#define SIMD_SIGNED_PLAIN(sum, x, y)                                                                \
    (sum + SIMD_BYTE(x, 0) * SIMD_BYTE(y, 0) + SIMD_BYTE(x, 1) * SIMD_BYTE(y, 1)                    \
     + SIMD_BYTE(x, 2) * SIMD_BYTE(y, 2) + SIMD_BYTE(x, 3) * SIMD_BYTE(y, 3))
#if defined(__SSSE3__)
#define SIMD_SIGNED4(sum, x, y)                                                                     \
    SIMD_FOURS4(sum, _mm_abs_epi8((__m128i)x), _mm_sign_epi8((__m128i)y, (__m128i)x))
#else
#define SIMD_SIGNED4 SIMD_SIGNED_PLAIN
#endif
#if defined(__AVX2__)
#define SIMD_SIGNED8(sum, x, y)                                                                     \
    SIMD_FOURS8(sum, _mm256_abs_epi8((__m256i)x), _mm256_sign_epi8((__m256i)y, (__m256i)x))
#else
#define SIMD_SIGNED8 SIMD_SIGNED_PLAIN
#endif
#if defined(__AVX512BW__)
#define SIMD_SIGNED16(sum, x, y)                                                                    \
    SIMD_FOURS16(sum, _mm512_abs_epi8((__m512i)x),                                                  \
                 _mm512_mask_sub_epi8((__m512i)y, _mm512_movepi8_mask((__m512i)x),                  \
                                      _mm512_setzero_si512(), (__m512i)y))
#else
#define SIMD_SIGNED16 SIMD_SIGNED_PLAIN
#endif

// MARK: - uint8 · int8

// Products in a group: four bytes where vpdpbusd sums four products, else two numbers widened to int16. Both are exact for all inputs.
SIMD_INLINE int64_t simd_u8s8_group(void) { return SIMD_HAS_FOURS ? 4 : 2; }

// simd_u8s8_multiply_add: sum + the products of a group in each lane, x from the unsigned operand.
// simd_u8s8_interleave: as many columns as there are lanes of `simd_u8s8_group()` signed rows that lie `stride` bytes apart, a group a lane;
// simd_u8s8_interleave64 gives 64 columns in four vectors of 16.
#if SIMD_HAS_FOURS
#define SIMD_DEFINE_U8S8(lanes)                                                                     \
    SIMD_INLINE simd_int##lanes simd_u8s8_multiply_add##lanes(                                      \
        simd_int##lanes sum, simd_int##lanes x, simd_int##lanes y) {                                \
        return SIMD_FOURS##lanes(sum, x, y);                                                        \
    }
SIMD_INLINE simd_int4 simd_u8s8_interleave4(const int8_t *_Nonnull rows, int64_t stride) {
    simd_bytes4 row0 = SIMD_LOAD(simd_bytes4, rows), row1 = SIMD_LOAD(simd_bytes4, rows + stride);
    simd_bytes4 row2 = SIMD_LOAD(simd_bytes4, rows + 2 * stride);
    simd_bytes4 row3 = SIMD_LOAD(simd_bytes4, rows + 3 * stride);
    return (simd_int4)SIMD_ZIP8(SIMD_ZIP4(row0, row2), SIMD_ZIP4(row1, row3));
}
SIMD_INLINE simd_int8 simd_u8s8_interleave8(const int8_t *_Nonnull rows, int64_t stride) {
    simd_bytes8 row0 = SIMD_LOAD(simd_bytes8, rows), row1 = SIMD_LOAD(simd_bytes8, rows + stride);
    simd_bytes8 row2 = SIMD_LOAD(simd_bytes8, rows + 2 * stride);
    simd_bytes8 row3 = SIMD_LOAD(simd_bytes8, rows + 3 * stride);
    return (simd_int8)SIMD_ZIP16(SIMD_ZIP8(row0, row2), SIMD_ZIP8(row1, row3));
}
// The four columns of each row that belong together come into one lane of 128 bits, and are transposed there.
SIMD_INLINE simd_int16 simd_u8s8_interleave16(const int8_t *_Nonnull rows, int64_t stride) {
    __m512i all = _mm512_castsi128_si512(SIMD_LOAD(__m128i, rows));
    all = _mm512_inserti32x4(all, SIMD_LOAD(__m128i, rows + stride), 1);
    all = _mm512_inserti32x4(all, SIMD_LOAD(__m128i, rows + 2 * stride), 2);
    all = _mm512_inserti32x4(all, SIMD_LOAD(__m128i, rows + 3 * stride), 3);
    all = _mm512_permutexvar_epi32(
        _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), all);
    return (simd_int16)_mm512_shuffle_epi8(
        all, _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)));
}
// The same for 64 columns with fewer instructions a column.
SIMD_INLINE void simd_u8s8_interleave64(
    const int8_t *_Nonnull rows, int64_t stride, void *_Nonnull columns) {
    __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    __m512i row0 = _mm512_permutexvar_epi32(order, SIMD_LOAD(__m512i, rows));
    __m512i row1 = _mm512_permutexvar_epi32(order, SIMD_LOAD(__m512i, rows + stride));
    __m512i row2 = _mm512_permutexvar_epi32(order, SIMD_LOAD(__m512i, rows + 2 * stride));
    __m512i row3 = _mm512_permutexvar_epi32(order, SIMD_LOAD(__m512i, rows + 3 * stride));
    __m512i low01 = _mm512_unpacklo_epi8(row0, row1), high01 = _mm512_unpackhi_epi8(row0, row1);
    __m512i low23 = _mm512_unpacklo_epi8(row2, row3), high23 = _mm512_unpackhi_epi8(row2, row3);
    simd_int16 *out = (simd_int16 *)columns;
    out[0] = (simd_int16)_mm512_unpacklo_epi16(low01, low23);
    out[1] = (simd_int16)_mm512_unpackhi_epi16(low01, low23);
    out[2] = (simd_int16)_mm512_unpacklo_epi16(high01, high23);
    out[3] = (simd_int16)_mm512_unpackhi_epi16(high01, high23);
}
#else
#define SIMD_DEFINE_U8S8(lanes)                                                                     \
    SIMD_INLINE simd_int##lanes simd_u8s8_multiply_add##lanes(                                      \
        simd_int##lanes sum, simd_int##lanes x, simd_int##lanes y) {                                \
        return SIMD_PAIRS##lanes(sum, x, y);                                                        \
    }                                                                                               \
    SIMD_INLINE simd_int##lanes simd_u8s8_interleave##lanes(                                        \
        const int8_t *_Nonnull rows, int64_t stride) {                                              \
        simd_bytes##lanes row0 = SIMD_LOAD(simd_bytes##lanes, rows);                                \
        simd_bytes##lanes row1 = SIMD_LOAD(simd_bytes##lanes, rows + stride);                       \
        return (simd_int##lanes)__builtin_convertvector(SIMD_ZIP##lanes(row0, row1), simd_pairs##lanes); \
    }
#endif
SIMD_FOR_4_8_16(SIMD_DEFINE_U8S8)
#if !SIMD_HAS_FOURS
SIMD_INLINE void simd_u8s8_interleave64(
    const int8_t *_Nonnull rows, int64_t stride, void *_Nonnull columns) {
    for (int j = 0; j < 4; j++) {
        ((simd_int16 *)columns)[j] = simd_u8s8_interleave16(rows + 16 * j, stride);
    }
}
#endif

// MARK: - bfloat16

// Products in a group: two where vdpbf16ps takes pairs, else one, widened to float.
SIMD_INLINE int64_t simd_bf16_group(void) {
#if defined(__AVX512BF16__) && defined(__AVX512VL__)
    return 2;
#else
    return 1;
#endif
}

// simd_bf16_multiply_add: sum + the products of a group in each lane.
// simd_bf16_interleave: as many columns as there are lanes of `simd_bf16_group()` rows that lie `stride` bytes apart, a group a lane;
// simd_bf16_interleave32 gives 32 columns in two vectors of 16.
#if defined(__AVX512BF16__) && defined(__AVX512VL__)
#define SIMD_DEFINE_BF16(lanes, prefix, register)                                                   \
    SIMD_INLINE simd_float##lanes simd_bf16_multiply_add##lanes(                                    \
        simd_float##lanes sum, simd_float##lanes x, simd_float##lanes y) {                          \
        return (simd_float##lanes)prefix##_dpbf16_ps((register)sum, (register##bh)x, (register##bh)y); \
    }                                                                                               \
    SIMD_INLINE simd_float##lanes simd_bf16_interleave##lanes(                                      \
        const void *_Nonnull rows, int64_t stride) {                                                \
        simd_halves##lanes row0 = SIMD_LOAD(simd_halves##lanes, rows);                              \
        simd_halves##lanes row1 = SIMD_LOAD(simd_halves##lanes, (const char *)rows + stride);       \
        return (simd_float##lanes)SIMD_ZIP##lanes(row0, row1);                                      \
    }
#else
#define SIMD_DEFINE_BF16(lanes, prefix, register)                                                   \
    SIMD_INLINE simd_float##lanes simd_bf16_multiply_add##lanes(                                    \
        simd_float##lanes sum, simd_float##lanes x, simd_float##lanes y) {                          \
        return simd_multiply_add##lanes(sum, x, y);                                                 \
    }                                                                                               \
    SIMD_INLINE simd_float##lanes simd_bf16_interleave##lanes(                                      \
        const void *_Nonnull row, int64_t stride) {                                                 \
        simd_halves##lanes halves = SIMD_LOAD(simd_halves##lanes, row);                             \
        return (simd_float##lanes)(__builtin_convertvector(halves, simd_bits##lanes) << 16);        \
    }
#endif
SIMD_DEFINE_BF16(4, _mm, __m128)
SIMD_DEFINE_BF16(8, _mm256, __m256)
SIMD_DEFINE_BF16(16, _mm512, __m512)
SIMD_INLINE void simd_bf16_interleave32(
    const void *_Nonnull rows, int64_t stride, void *_Nonnull columns) {
    simd_float16 *out = (simd_float16 *)columns;
#if defined(__AVX512BF16__) && defined(__AVX512VL__)
    __m512i row0 = SIMD_LOAD(__m512i, rows);
    __m512i row1 = SIMD_LOAD(__m512i, (const char *)rows + stride);
    __m512i lower = _mm512_set_epi16(47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8, 39, 7,
                                     38, 6, 37, 5, 36, 4, 35, 3, 34, 2, 33, 1, 32, 0);
    __m512i upper = _mm512_add_epi16(lower, _mm512_set1_epi16(16));
    out[0] = (simd_float16)_mm512_permutex2var_epi16(row0, lower, row1);
    out[1] = (simd_float16)_mm512_permutex2var_epi16(row0, upper, row1);
#else
    out[0] = simd_bf16_interleave16(rows, stride);
    out[1] = simd_bf16_interleave16((const char *)rows + 32, stride);
#endif
}

// MARK: - Blocks of quantised weights

// What `simd_q8_multiply_add` needs added to signed weights, so that they are unsigned for vpdpbusd: 128 (a flipped sign bit), or nothing.
SIMD_INLINE int32_t simd_q8_offset(void) { return SIMD_HAS_FOURS ? 128 : 0; }

// simd_q8_multiply_add: sum + four products a lane of weights, offset as above, and int8 x above −128.
// simd_q4_multiply_add: the same of unsigned weights of up to 15.
// simd_to_float: the nearest floats.
#if SIMD_HAS_FOURS
#define SIMD_Q8(lanes) SIMD_FOURS##lanes
#else
#define SIMD_Q8(lanes) SIMD_SIGNED##lanes
#endif
#define SIMD_DEFINE_QUANTS(lanes)                                                                   \
    SIMD_INLINE simd_int##lanes simd_q8_multiply_add##lanes(                                        \
        simd_int##lanes sum, simd_int##lanes weights, simd_int##lanes x) {                          \
        return SIMD_Q8(lanes)(sum, weights, x);                                                     \
    }                                                                                               \
    SIMD_INLINE simd_int##lanes simd_q4_multiply_add##lanes(                                        \
        simd_int##lanes sum, simd_int##lanes weights, simd_int##lanes x) {                          \
        return SIMD_FOURS##lanes(sum, weights, x);                                                  \
    }                                                                                               \
    SIMD_INLINE simd_float##lanes simd_to_float##lanes(simd_int##lanes x) {                         \
        return __builtin_convertvector(x, simd_float##lanes);                                       \
    }
SIMD_FOR_4_8_16(SIMD_DEFINE_QUANTS)

// Lanes that belong to blocks: lane l is block l % across of row l / across; blocks lie `step` bytes apart and rows `stride`.
#define SIMD_PLACE(lane)                                                                            \
    ((const char *)blocks + ((lane) / across) * stride + ((lane) % across) * step)

// simd_block_halves: one float16 of each lane's block, as floats.
#if defined(__AVX512F__)
#define SIMD_HALVES_TO_FLOAT16(halves) ((simd_float16)_mm512_cvtph_ps((__m256i)halves))
#endif
#if defined(__F16C__)
#define SIMD_HALVES_TO_FLOAT8(halves) ((simd_float8)_mm256_cvtph_ps((__m128i)halves))
#define SIMD_HALVES_TO_FLOAT4(halves)                                                               \
    ((simd_float4)_mm_cvtph_ps((__m128i)__builtin_shufflevector(halves, halves, 0, 1, 2, 3, 0, 1, 2, 3)))
#endif
// Exponent and fraction moved to a float's places are 2¹¹² times too small, subnormals included; infinities and NaNs get their exponent.
#define SIMD_HALVES_TO_FLOAT_PLAIN(lanes, halves)                                                   \
    ({                                                                                              \
        simd_bits##lanes wide = __builtin_convertvector(halves, simd_bits##lanes);                  \
        simd_bits##lanes magnitude = (wide & 0x7fff) << 13;                                         \
        simd_bits##lanes scaled = (simd_bits##lanes)((simd_float##lanes)magnitude * 0x1p112f);      \
        simd_bits##lanes special = (simd_bits##lanes)((wide & 0x7fff) >= 0x7c00) & 0x7f800000;      \
        (simd_float##lanes)(scaled | special | (wide & 0x8000) << 16);                              \
    })
#ifndef SIMD_HALVES_TO_FLOAT16
#define SIMD_HALVES_TO_FLOAT16(halves) SIMD_HALVES_TO_FLOAT_PLAIN(16, halves)
#endif
#ifndef SIMD_HALVES_TO_FLOAT8
#define SIMD_HALVES_TO_FLOAT8(halves) SIMD_HALVES_TO_FLOAT_PLAIN(8, halves)
#define SIMD_HALVES_TO_FLOAT4(halves) SIMD_HALVES_TO_FLOAT_PLAIN(4, halves)
#endif
#define SIMD_DEFINE_BLOCK_HALVES(lanes)                                                             \
    SIMD_INLINE simd_float##lanes simd_block_halves##lanes(                                         \
        const void *_Nonnull blocks, int64_t across, int64_t stride, int64_t step) {                \
        simd_halves##lanes halves;                                                                  \
        _Pragma("clang loop unroll(full)") for (int lane = 0; lane < lanes; lane++) {               \
            halves[lane] = SIMD_LOAD(uint16_t, SIMD_PLACE(lane));                                   \
        }                                                                                           \
        return SIMD_HALVES_TO_FLOAT##lanes(halves);                                                 \
    }
SIMD_FOR_4_8_16(SIMD_DEFINE_BLOCK_HALVES)

// simd_repeat: the `across` words at `words`, over and over; `across` divides the lanes.
#define SIMD_DEFINE_REPEAT(lanes)                                                                   \
    SIMD_INLINE simd_int##lanes simd_repeat##lanes(const void *_Nonnull words, int64_t across) {    \
        simd_int##lanes repeated;                                                                   \
        _Pragma("clang loop unroll(full)") for (int lane = 0; lane < lanes; lane++) {               \
            repeated[lane] = ((const int32_t *)words)[lane % across];                               \
        }                                                                                           \
        return repeated;                                                                            \
    }
SIMD_FOR_4_8_16(SIMD_DEFINE_REPEAT)

// simd_block_words16, simd_block_words32: so many bytes of each lane's block; words[j] holds word j of each.
//
// Four blocks are transposed within every 16 bytes of a vector; its other 16 bytes are blocks of other lanes, or further
// words. Words are moved as floats.
#define SIMD_PART(type, lane) SIMD_LOAD(type, SIMD_PLACE(lane))
#define SIMD_JOIN8(x, y) __builtin_shufflevector(x, y, 0, 1, 2, 3, 4, 5, 6, 7)
#define SIMD_JOIN16(x, y)                                                                           \
    __builtin_shufflevector(x, y, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
// 16 bytes of the blocks of lanes that are 4 apart, side by side.
#define SIMD_SIDE4(lane) SIMD_PART(simd_float4, lane)
#define SIMD_SIDE8(lane) SIMD_JOIN8(SIMD_SIDE4(lane), SIMD_SIDE4(lane + 4))
#define SIMD_SIDE16(lane) SIMD_JOIN16(SIMD_SIDE8(lane), SIMD_SIDE8(lane + 8))
#define SIMD_DEFINE_BLOCK_WORDS16(lanes)                                                            \
    SIMD_INLINE void simd_block_words16_##lanes(                                                    \
        const void *_Nonnull blocks, int64_t across, int64_t stride, int64_t step,                  \
        void *_Nonnull words) {                                                                     \
        simd_float##lanes *out = (simd_float##lanes *)words;                                        \
        _Pragma("clang loop unroll(full)") for (int j = 0; j < 4; j++) out[j] = SIMD_SIDE##lanes(j); \
        SIMD_FOUR_ROWS(lanes, out);                                                                 \
    }
SIMD_FOR_4_8_16(SIMD_DEFINE_BLOCK_WORDS16)

SIMD_INLINE void simd_block_words32_4(const void *_Nonnull blocks, int64_t across, int64_t stride,
                                      int64_t step, void *_Nonnull words) {
    simd_block_words16_4(blocks, across, stride, step, words);
    simd_block_words16_4((const char *)blocks + 16, across, stride, step, (simd_float4 *)words + 4);
}
// Loads of 32 bytes, since loads are what there is least of: of one block, or of two that are 4 lanes apart. So the upper words have to come down.
#define SIMD_WIDE8(lane) SIMD_PART(simd_float8, lane)
#define SIMD_WIDE16(lane) SIMD_JOIN16(SIMD_WIDE8(lane), SIMD_WIDE8(lane + 4))
#define SIMD_DEFINE_BLOCK_WORDS32(lanes)                                                            \
    SIMD_INLINE void simd_block_words32_##lanes(                                                    \
        const void *_Nonnull blocks, int64_t across, int64_t stride, int64_t step,                  \
        void *_Nonnull words) {                                                                     \
        simd_float##lanes x[4], y[4], *out = (simd_float##lanes *)words;                            \
        _Pragma("clang loop unroll(full)") for (int j = 0; j < 4; j++) {                            \
            x[j] = SIMD_WIDE##lanes(j);                                                             \
            y[j] = SIMD_WIDE##lanes(j + lanes / 2);                                                 \
        }                                                                                           \
        SIMD_FOUR_ROWS(lanes, x);                                                                   \
        SIMD_FOUR_ROWS(lanes, y);                                                                   \
        _Pragma("clang loop unroll(full)") for (int j = 0; j < 4; j++) {                            \
            out[j] = SIMD_PIECES_##lanes(x[j], y[j], 0);                                            \
            out[j + 4] = SIMD_PIECES_##lanes(x[j], y[j], 1);                                        \
        }                                                                                           \
    }
SIMD_DEFINE_BLOCK_WORDS32(8)
SIMD_DEFINE_BLOCK_WORDS32(16)

// The low byte of each lane.
SIMD_INLINE void simd_store_bytes16(void *_Nonnull out, simd_int16 values) {
    simd_bytes16 bytes = __builtin_convertvector(values, simd_bytes16);
    memcpy(out, &bytes, sizeof bytes);
}
#pragma clang diagnostic pop
