// What the memory and the arithmetic of a core can do, by loops that do nothing else: the bounds that kernels are compared with. And what someone
// without a library would write, as a compiler vectorises it.
#pragma once
#include <stdint.h>

// Vectors of 64 bytes instead of 32 from here on; only where the processor has AVX-512.
void plain_use_avx512(int yes);

// How a loop asks for what it will read, and how it writes.
typedef struct PlainLoop {
    int64_t distance;  // bytes to prefetch ahead; 0: not at all
    int streams;       // whether it writes past the caches
} PlainLoop;

// Reads `count` floats; returns a sum of them.
float plain_read(PlainLoop loop, const float *_Nonnull x, int64_t count);
// y = x.
void plain_copy(PlainLoop loop, float *_Nonnull y, const float *_Nonnull x, int64_t count);
// z = x + 3 · y.
void plain_triad(PlainLoop loop, float *_Nonnull z, const float *_Nonnull x, const float *_Nonnull y, int64_t count);
// `count` passes of multiplications and additions in independent registers; returns how many floating-point operations that were.
double plain_multiply_add(int64_t count);

// x = softmax(x).
void plain_softmax(float *_Nonnull x, int64_t count);
// Turns the pairs (x[i], x[half + i]) of a head by the angles whose cosines and sines are given.
void plain_rope(float *_Nonnull y, const float *_Nonnull x, const float *_Nonnull cosines, const float *_Nonnull sines, int64_t half);
