#include "plain_loops.h"

#include <immintrin.h>

static int wide;

void plain_use_avx512(int yes) { wide = yes; }

// Each loop once a vector width. Pointers are aligned to 64 bytes and counts are multiples of 64: callers see to that.
#define DEFINE_LOOPS(name, features, vector, lanes, load, store, stream, zero, set, add, fma)                                    \
    __attribute__((target(features))) static float read_##name(PlainLoop loop, const float *x, int64_t count) {                  \
        vector sums[8];                                                                                                          \
        for (int u = 0; u < 8; u++) sums[u] = zero();                                                                            \
        for (int64_t i = 0; i + 8 * lanes <= count; i += 8 * lanes) {                                                            \
            if (loop.distance)                                                                                                   \
                for (int b = 0; b < 8 * lanes; b += 16) __builtin_prefetch((const char *)(x + i + b) + loop.distance);           \
            for (int u = 0; u < 8; u++) sums[u] = add(sums[u], load(x + i + u * lanes));                                         \
        }                                                                                                                        \
        for (int u = 1; u < 8; u++) sums[0] = add(sums[0], sums[u]);                                                             \
        float out[lanes];                                                                                                        \
        __builtin_memcpy(out, &sums[0], sizeof out);                                                                             \
        return out[0];                                                                                                           \
    }                                                                                                                            \
    __attribute__((target(features))) static inline __attribute__((always_inline)) void copy_body_##name(PlainLoop loop, int streams, float *y, const float *x, int64_t count) { \
        for (int64_t i = 0; i + 4 * lanes <= count; i += 4 * lanes) {                                                            \
            if (loop.distance)                                                                                                   \
                for (int b = 0; b < 4 * lanes; b += 16) __builtin_prefetch((const char *)(x + i + b) + loop.distance);           \
            for (int u = 0; u < 4; u++) {                                                                                        \
                vector value = load(x + i + u * lanes);                                                                          \
                if (streams) stream(y + i + u * lanes, value);                                                              \
                else store(y + i + u * lanes, value);                                                                            \
            }                                                                                                                    \
        }                                                                                                                        \
        _mm_sfence();                                                                                                            \
    }                                                                                                                            \
    __attribute__((target(features))) static inline __attribute__((always_inline)) void triad_body_##name(PlainLoop loop, int streams, float *z, const float *x, const float *y, \
                                                               int64_t count) {                                                  \
        vector three = set(3);                                                                                                   \
        for (int64_t i = 0; i + 4 * lanes <= count; i += 4 * lanes) {                                                            \
            if (loop.distance)                                                                                                   \
                for (int b = 0; b < 4 * lanes; b += 16) {                                                                        \
                    __builtin_prefetch((const char *)(x + i + b) + loop.distance);                                               \
                    __builtin_prefetch((const char *)(y + i + b) + loop.distance);                                               \
                }                                                                                                                \
            for (int u = 0; u < 4; u++) {                                                                                        \
                vector value = fma(three, load(y + i + u * lanes), load(x + i + u * lanes));                                     \
                if (streams) stream(z + i + u * lanes, value);                                                              \
                else store(z + i + u * lanes, value);                                                                            \
            }                                                                                                                    \
        }                                                                                                                        \
        _mm_sfence();                                                                                                            \
    }                                                                                                                            \
    /* One loop each: merged, the two kinds of store would become one. */ \
    __attribute__((target(features))) static void copy_##name(PlainLoop loop, float *y, const float *x, int64_t count) { \
        if (loop.streams) copy_body_##name(loop, 1, y, x, count); \
        else copy_body_##name(loop, 0, y, x, count); \
    } \
    __attribute__((target(features))) static void triad_##name(PlainLoop loop, float *z, const float *x, const float *y, int64_t count) { \
        if (loop.streams) triad_body_##name(loop, 1, z, x, y, count); \
        else triad_body_##name(loop, 0, z, x, y, count); \
    } \
    __attribute__((target(features))) static double multiply_add_##name(int64_t count) {                                         \
        vector sums[12], x = set(1 + 1e-7f), y = set(1e-9f);                                                                     \
        for (int u = 0; u < 12; u++) sums[u] = set(u);                                                                           \
        for (int64_t i = 0; i < count; i++) {                                                                                    \
            for (int u = 0; u < 12; u++) {                                                                                       \
                sums[u] = fma(sums[u], x, y);                                                                                    \
                __asm__ volatile("" : "+v"(sums[u]));                                                                            \
            }                                                                                                                    \
        }                                                                                                                        \
        return 2.0 * 12 * lanes * (double)count;                                                                                 \
    }

DEFINE_LOOPS(avx2, "avx2,fma", __m256, 8, _mm256_load_ps, _mm256_store_ps, _mm256_stream_ps, _mm256_setzero_ps, _mm256_set1_ps,
             _mm256_add_ps, _mm256_fmadd_ps)
DEFINE_LOOPS(avx512, "avx512f", __m512, 16, _mm512_load_ps, _mm512_store_ps, _mm512_stream_ps, _mm512_setzero_ps, _mm512_set1_ps,
             _mm512_add_ps, _mm512_fmadd_ps)

float plain_read(PlainLoop loop, const float *x, int64_t count) {
    return wide ? read_avx512(loop, x, count) : read_avx2(loop, x, count);
}

void plain_copy(PlainLoop loop, float *y, const float *x, int64_t count) {
    wide ? copy_avx512(loop, y, x, count) : copy_avx2(loop, y, x, count);
}

void plain_triad(PlainLoop loop, float *z, const float *x, const float *y, int64_t count) {
    wide ? triad_avx512(loop, z, x, y, count) : triad_avx2(loop, z, x, y, count);
}

double plain_multiply_add(int64_t count) { return wide ? multiply_add_avx512(count) : multiply_add_avx2(count); }
