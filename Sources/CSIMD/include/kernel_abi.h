// The C entry through which every compiled variant and every reference is reached: the worker calls it, and so may any
// program that links a variant. It is the only ABI between a kernel and its caller.
#pragma once
#include <stdint.h>

#if defined(__clang__)
#define KERNEL_NONNULL _Nonnull
#define KERNEL_NULLABLE _Nullable
#else
#define KERNEL_NONNULL
#define KERNEL_NULLABLE
#endif

// One call of a variant. Every array is in the order of the kernel's manifest.
typedef struct KernelCall {
    // One pointer a buffer, never null (a buffer of no elements still has an address), aligned to its element only.
    // Scratch buffers are the caller's, of the size the manifest states, with unspecified content.
    void *KERNEL_NONNULL const *KERNEL_NONNULL buffers;
    // One value a dimension, leading dimensions included.
    const int64_t *KERNEL_NONNULL dimensions;
    // One value a run-time parameter (`argument:` in the manifest), `threads` among them.
    const int64_t *KERNEL_NONNULL arguments;
    // How many threads enter the variant with this call (thread 0 … threads − 1), at least 1.
    int64_t threads;
    // Returns once all `threads` threads of this call have arrived; may be null when threads is 1. Use `kernel_barrier`.
    void (*KERNEL_NULLABLE barrier)(void *KERNEL_NULLABLE team);
    void *KERNEL_NULLABLE team;
} KernelCall;

// A variant: computes the outputs from the inputs. With more than one thread it is entered once by each (as an OpenMP parallel
// region is) and divides the work by `thread`. It allocates nothing, keeps no state, starts no threads.
typedef void (*KernelVariant)(const KernelCall *KERNEL_NONNULL call, int64_t thread);

// A reference: computes row `row` (index into the first axis of every output) in double precision and writes the
// elements of that row, each output's in manifest order, row-major without padding, to `out`. `arguments` is empty.
typedef void (*KernelReference)(const KernelCall *KERNEL_NONNULL call, int64_t row, double *KERNEL_NONNULL out);

static inline __attribute__((always_inline)) void kernel_barrier(const KernelCall *KERNEL_NONNULL call) {
    if (call->threads > 1) call->barrier(call->team);
}
