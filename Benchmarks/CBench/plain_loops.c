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

typedef float Floats __attribute__((vector_size(64), aligned(4)));
typedef int32_t Integers __attribute__((vector_size(64)));
enum { lanes = 16 };

// *x = eˣ for x ≤ 0, by 2ⁿ · 2ᶠ with |f| ≤ ½.
static inline __attribute__((always_inline)) void power(Floats *x) {
    Floats t = __builtin_elementwise_max(*x, (Floats){} - 87) * 1.44269504f;
    Floats shifted = t + 12582912.0f, f = t - (shifted - 12582912.0f);
    Floats p = 1 + f * (0.693147182f + f * (0.240226462f + f * (0.0555041f + f * (0.00961813f + f * 0.00133336f))));
    *x = (Floats)((Integers)p + ((Integers)shifted << 23));
}

static inline __attribute__((always_inline)) void softmax(float *x, int64_t count) {
    Floats greatest = (Floats){} + x[0], sums = {};
    int64_t whole = count / lanes * lanes;
    Floats rest = (Floats){} + x[0];
    __builtin_memcpy(&rest, x + whole, (count - whole) * sizeof *x);
    for (int64_t i = 0; i < whole; i += lanes) greatest = __builtin_elementwise_max(greatest, *(Floats *)(x + i));
    greatest = __builtin_elementwise_max(greatest, rest);
    for (int u = 1; u < lanes; u++) greatest[0] = greatest[u] > greatest[0] ? greatest[u] : greatest[0];
    greatest = (Floats){} + greatest[0];
    for (int64_t i = 0; i < whole; i += lanes) {
        Floats e = *(Floats *)(x + i) - greatest;
        power(&e);
        sums += *(Floats *)(x + i) = e;
    }
    rest -= greatest;
    power(&rest);
    float sum = 0;
    for (int u = 0; u < lanes; u++) sum += sums[u] + (u < count - whole ? rest[u] : 0);
    for (int64_t i = 0; i < whole; i += lanes) *(Floats *)(x + i) *= 1 / sum;
    rest *= 1 / sum;
    __builtin_memcpy(x + whole, &rest, (count - whole) * sizeof *x);
}

static inline __attribute__((always_inline)) void rope(float *restrict y, const float *restrict x, const float *restrict cosines,
                                                       const float *restrict sines, int64_t half) {
    for (int64_t i = 0; i < half; i++) {
        y[i] = x[i] * cosines[i] - x[half + i] * sines[i];
        y[half + i] = x[half + i] * cosines[i] + x[i] * sines[i];
    }
}

#define DEFINE_PLAIN(name, features)                                                                                              \
    __attribute__((target(features))) static void softmax_##name(float *x, int64_t count) { softmax(x, count); }                  \
    __attribute__((target(features))) static void rope_##name(float *y, const float *x, const float *c, const float *s, int64_t half) { \
        rope(y, x, c, s, half);                                                                                                   \
    }

DEFINE_PLAIN(avx2, "avx2,fma")
DEFINE_PLAIN(avx512, "avx512f,avx512vl,avx512bw,avx512dq")

void plain_softmax(float *x, int64_t count) { wide ? softmax_avx512(x, count) : softmax_avx2(x, count); }

void plain_rope(float *y, const float *x, const float *c, const float *s, int64_t half) {
    wide ? rope_avx512(y, x, c, s, half) : rope_avx2(y, x, c, s, half);
}
