// Which cores a thread may run on: what Swift cannot ask the kernel for.
#pragma once
#include <stdint.h>

// A bit a core.
typedef struct CoreMask {
    uint64_t words[16];
} CoreMask;

// Of the calling thread.
CoreMask core_mask(void);
// For the calling thread, what it starts, and the first thread, which libraries look at to see how many cores there are.
void set_core_mask(CoreMask mask);
