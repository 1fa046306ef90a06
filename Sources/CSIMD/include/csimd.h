// Instructions that Swift cannot spell, as header-only functions that inline into a kernel.
#pragma once

// Asks for the cache line at `address`, to be read soon and kept in every level.
static inline __attribute__((always_inline)) void simd_prefetch(const void *_Nonnull address) {
    __builtin_prefetch(address, 0, 3);
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
