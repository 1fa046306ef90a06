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
