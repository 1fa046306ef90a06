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

// Whether the target multiplies and adds in one instruction. A function and not a macro, so that Swift has no branch to warn of.
static inline __attribute__((always_inline)) _Bool simd_has_multiply_add(void) {
#ifdef __FMA__
    return 1;
#else
    return 0;
#endif
}
