// What kernels over rows of floats need besides csimd.h: parts of vectors, sums over lanes, scaling by powers of two.
#pragma once
#include "csimd.h"
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"
#define SIMD_ROWS_INLINE static inline __attribute__((always_inline))

// simd_clamp: x between two bounds; NaN stays NaN, which is why a comparison with NaN, false, takes x.
// simd_larger: the larger of each lane; y where either is NaN.
#define SIMD_DEFINE_ORDER(lanes)                                                                    \
    typedef int32_t simd_order##lanes __attribute__((ext_vector_type(lanes)));                      \
    SIMD_ROWS_INLINE simd_float##lanes simd_larger##lanes(simd_float##lanes x, simd_float##lanes y) { \
        return x > y ? x : y;                                                                       \
    }                                                                                               \
    SIMD_ROWS_INLINE simd_float##lanes simd_clamp##lanes(                                           \
        simd_float##lanes x, float least, float most) {                                             \
        simd_float##lanes low = least, high = most;                                                 \
        simd_float##lanes raised = low > x ? low : x;                                               \
        return high < raised ? high : raised;                                                       \
    }
SIMD_DEFINE_ORDER(4)
SIMD_DEFINE_ORDER(8)
SIMD_DEFINE_ORDER(16)

// Whether simd_multiply_add rounds once.
SIMD_ROWS_INLINE int32_t simd_multiply_add_fuses(void) {
#ifdef __FMA__
    return 1;
#else
    return 0;
#endif
}

typedef float simd_float2 __attribute__((ext_vector_type(2)));

// Over the lanes of a vector, by halves: an order that is the same on every target and takes log₂ of the lanes steps.
SIMD_ROWS_INLINE float simd_sum4(simd_float4 x) {
    simd_float2 two = x.lo + x.hi;
    return two.x + two.y;
}
SIMD_ROWS_INLINE float simd_sum8(simd_float8 x) { return simd_sum4(x.lo + x.hi); }
SIMD_ROWS_INLINE float simd_sum16(simd_float16 x) { return simd_sum8(x.lo + x.hi); }
// simd_fold: the sums of lanes that are four apart.
// simd_sums: the sums of four vectors, transposed within every four lanes first: fewer steps than one vector after the other.
SIMD_ROWS_INLINE simd_float4 simd_fold4(simd_float4 x) { return x; }
SIMD_ROWS_INLINE simd_float4 simd_fold8(simd_float8 x) { return x.lo + x.hi; }
SIMD_ROWS_INLINE simd_float4 simd_fold16(simd_float16 x) { return simd_fold8(x.lo + x.hi); }
#define SIMD_DEFINE_SUMS(lanes)                                                                     \
    SIMD_ROWS_INLINE simd_float4 simd_sums##lanes(simd_float##lanes x0, simd_float##lanes x1,       \
                                                  simd_float##lanes x2, simd_float##lanes x3) {     \
        simd_float##lanes x[4] = {x0, x1, x2, x3};                                                  \
        SIMD_FOUR_ROWS(lanes, x);                                                                   \
        return simd_fold##lanes((x[0] + x[1]) + (x[2] + x[3]));                                    \
    }
SIMD_DEFINE_SUMS(4)
SIMD_DEFINE_SUMS(8)
SIMD_DEFINE_SUMS(16)
SIMD_ROWS_INLINE float simd_largest4(simd_float4 x) {
    simd_float2 two = x.lo > x.hi ? x.lo : x.hi;
    return two.x > two.y ? two.x : two.y;
}
SIMD_ROWS_INLINE float simd_largest8(simd_float8 x) { return simd_largest4(simd_larger4(x.lo, x.hi)); }
SIMD_ROWS_INLINE float simd_largest16(simd_float16 x) { return simd_largest8(simd_larger8(x.lo, x.hi)); }

// simd_nearest: the whole number n next to x, in the form that is best to scale by. Where that is a float whose last bits hold n + 127, |x| must be
// below 2²².
// simd_nearest_value: that n as a float.
// simd_scale: x · 2ⁿ rounded once, subnormal numbers and infinity included; n in −252 … 254. NaN stays NaN.
// simd_scale_normal: the same for n in −127 … 128 but with 0 for 2⁻¹²⁷ and infinity for 2¹²⁸, which takes fewer instructions.
// Where one instruction scales (simd_scales_all), all take any n; infinity is one, for which x, then NaN, does not matter.
#if defined(__AVX512VL__)
SIMD_ROWS_INLINE int32_t simd_scales_all(void) { return 1; }
#define SIMD_DEFINE_SCALE(lanes, prefix)                                                            \
    SIMD_ROWS_INLINE simd_float##lanes simd_nearest##lanes(simd_float##lanes x) {                   \
        return prefix##_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);            \
    }                                                                                               \
    SIMD_ROWS_INLINE simd_float##lanes simd_nearest_value##lanes(simd_float##lanes n) { return n; } \
    SIMD_ROWS_INLINE simd_float##lanes simd_scale##lanes(simd_float##lanes x, simd_float##lanes n) { \
        return prefix##_scalef_ps(x, n);                                                            \
    }                                                                                               \
    SIMD_ROWS_INLINE simd_float##lanes simd_scale_normal##lanes(                                    \
        simd_float##lanes x, simd_float##lanes n) {                                                 \
        return prefix##_scalef_ps(x, n);                                                            \
    }
#else
SIMD_ROWS_INLINE int32_t simd_scales_all(void) { return 0; }
// Beyond 2²³ floats are whole, so this addition rounds x.
#define SIMD_NEAREST_BIAS (0x1.8p23f + 127)
// simd_scale takes two factors, because 2ⁿ alone leaves the range of floats before the product does.
#define SIMD_DEFINE_SCALE(lanes, prefix)                                                            \
    SIMD_ROWS_INLINE simd_float##lanes simd_nearest##lanes(simd_float##lanes x) {                   \
        return x + SIMD_NEAREST_BIAS;                                                               \
    }                                                                                               \
    SIMD_ROWS_INLINE simd_float##lanes simd_nearest_value##lanes(simd_float##lanes n) {             \
        return n - SIMD_NEAREST_BIAS;                                                               \
    }                                                                                               \
    SIMD_ROWS_INLINE simd_float##lanes simd_scale##lanes(simd_float##lanes x, simd_float##lanes n) { \
        simd_order##lanes exponent = (simd_order##lanes)n - (0x4b400000 + 127);                     \
        simd_order##lanes half = exponent >> 1;                                                     \
        return x * (simd_float##lanes)((half + 127) << 23)                                          \
               * (simd_float##lanes)((exponent - half + 127) << 23);                                \
    }                                                                                               \
    SIMD_ROWS_INLINE simd_float##lanes simd_scale_normal##lanes(                                    \
        simd_float##lanes x, simd_float##lanes n) {                                                 \
        return x * (simd_float##lanes)((simd_order##lanes)n << 23);                                 \
    }
#endif
SIMD_DEFINE_SCALE(4, _mm)
SIMD_DEFINE_SCALE(8, _mm256)
SIMD_DEFINE_SCALE(16, _mm512)

// The first `count` lanes, from 0 to all of them, and nothing of the memory beyond; `filler` in the other lanes of what is loaded.
#define SIMD_DEFINE_FIRST(lanes)                                                                    \
    SIMD_ROWS_INLINE simd_float##lanes simd_load_first##lanes(                                      \
        const void *_Nonnull address, int64_t count, float filler) {                                \
        simd_float##lanes loaded = filler;                                                          \
        memcpy(&loaded, address, count * 4);                                                        \
        return loaded;                                                                              \
    }                                                                                               \
    SIMD_ROWS_INLINE void simd_store_first##lanes(                                                  \
        void *_Nonnull address, int64_t count, simd_float##lanes value) {                           \
        memcpy(address, &value, count * 4);                                                         \
    }
#define SIMD_DEFINE_FIRST_MASKED(lanes, prefix, mask)                                               \
    SIMD_ROWS_INLINE simd_float##lanes simd_load_first##lanes(                                      \
        const void *_Nonnull address, int64_t count, float filler) {                                \
        simd_float##lanes others = filler;                                                          \
        return prefix##_mask_loadu_ps(others, (mask)((1u << count) - 1), address);                  \
    }                                                                                               \
    SIMD_ROWS_INLINE void simd_store_first##lanes(                                                  \
        void *_Nonnull address, int64_t count, simd_float##lanes value) {                           \
        prefix##_mask_storeu_ps(address, (mask)((1u << count) - 1), value);                         \
    }
#if defined(__AVX512VL__)
SIMD_DEFINE_FIRST_MASKED(4, _mm, __mmask8)
SIMD_DEFINE_FIRST_MASKED(8, _mm256, __mmask8)
SIMD_DEFINE_FIRST_MASKED(16, _mm512, __mmask16)
#else
SIMD_DEFINE_FIRST(4)
#if defined(__AVX2__)
SIMD_ROWS_INLINE simd_float8 simd_load_first8(const void *_Nonnull address, int64_t count, float filler) {
    simd_order8 wanted = (simd_order8){0, 1, 2, 3, 4, 5, 6, 7} < (int32_t)count;
    simd_float8 others = filler;
    return wanted ? (simd_float8)_mm256_maskload_ps(address, (__m256i)wanted) : others;
}
SIMD_ROWS_INLINE void simd_store_first8(void *_Nonnull address, int64_t count, simd_float8 value) {
    simd_order8 wanted = (simd_order8){0, 1, 2, 3, 4, 5, 6, 7} < (int32_t)count;
    _mm256_maskstore_ps(address, (__m256i)wanted, value);
}
#else
SIMD_DEFINE_FIRST(8)
#endif
SIMD_DEFINE_FIRST(16)
#endif
#pragma clang diagnostic pop
