// Kernels that break the rules, each under the name of what it does. C, because Swift will not spell most of them.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel_abi.h"

#define VARIANT(name) void name(const KernelCall *call, int64_t thread)
#define ROWS (call->dimensions[0])
#define COLUMNS (call->dimensions[1])
#define STRIDE (call->dimensions[2])
#define X ((volatile float *)call->buffers[0])
#define Y ((volatile float *)call->buffers[1])

static void compute(const KernelCall *call) {
    for (int64_t row = 0; row < ROWS; row++)
        for (int64_t column = 0; column < COLUMNS; column++)
            Y[row * STRIDE + column] = 2 * X[row * COLUMNS + column] + 1;
}

// One past the last element of y, whose last row has no padding.
static int64_t y_count(const KernelCall *call) { return ROWS == 0 ? 0 : (ROWS - 1) * STRIDE + COLUMNS; }

// Two that break none, to compare with.
VARIANT(good_in_c) { compute(call); }
VARIANT(one_bit_off) {
    compute(call);
    if (y_count(call) > 0) Y[y_count(call) - 1] = nextafterf(Y[y_count(call) - 1], 4);
}

// Breaks none where buffers of 128 KiB or more begin 64 bytes into a page.
VARIANT(wants_allocated_buffers) {
    compute(call);
    const uintptr_t places = ((uintptr_t)X % 4096 ^ 64) | ((uintptr_t)Y % 4096 ^ 64);
    if (ROWS * COLUMNS * sizeof(float) >= 128 << 10 && places != 0) __builtin_trap();
}

VARIANT(infinite_loop) {
    for (volatile int i = 0;; i++) {}
}
VARIANT(null_write) { *(volatile int *)0 = 1; }
VARIANT(illegal_instruction) { __builtin_trap(); }
VARIANT(divide_by_zero) {
    volatile int number = 7, zero = 0;
    volatile int result = number / zero;
    (void)result;
}
VARIANT(write_past_end) {
    compute(call);
    if (ROWS > 0) Y[y_count(call)] = 0;
}
VARIANT(write_before_start) {
    compute(call);
    if (ROWS > 0) Y[-1] = 0;
}
VARIANT(read_past_end) {
    compute(call);
    if (ROWS > 0) (void)X[ROWS * COLUMNS];
}
VARIANT(read_before_start) {
    compute(call);
    if (ROWS > 0) (void)X[-1];
}
// Blocks of four columns; what is left over is wrong.
VARIANT(wrong_tail) {
    compute(call);
    if (COLUMNS % 4 != 0)
        for (int64_t row = 0; row < ROWS; row++) Y[row * STRIDE + COLUMNS - 1] += 1;
}
VARIANT(nan_result) {
    compute(call);
    if (ROWS > 0 && COLUMNS > 0) Y[0] = NAN;
}
VARIANT(unwritten) {
    float keep = y_count(call) > 0 ? Y[y_count(call) - 1] : 0;
    compute(call);
    // The bits of the poison, copied as an integer so that they stay as they are.
    if (y_count(call) > 0) memcpy((void *)&Y[y_count(call) - 1], &keep, sizeof keep);
}
VARIANT(writes_padding) {
    compute(call);
    if (ROWS > 1 && STRIDE > COLUMNS) Y[COLUMNS] = 0;
}
VARIANT(writes_input) {
    compute(call);
    if (ROWS > 0 && COLUMNS > 0) X[0] += 1;
}
VARIANT(allocates_without_end) {
    for (;;) {
        volatile char *memory = malloc(1 << 20);
        for (int i = 0; i < 1 << 20; i += 4096) memory[i] = 1;
    }
}
VARIANT(leaks_much) {
    compute(call);
    static void *volatile kept;
    if (!kept) kept = malloc(128 << 20);
}
VARIANT(exits) { exit(0); }
VARIANT(exits_with_status) { exit(9); }
VARIANT(terminates_itself) { kill(getpid(), SIGTERM); }
VARIANT(aborts) { abort(); }
// Right as often as a verification would call it, then too fast to be true.
VARIANT(returns_early) {
    static int calls;
    if (++calls < 64) compute(call);
}
// Computes the tuned problem once and hands out that result from then on.
VARIANT(memoises) {
    static float *result;
    static int64_t rows;
    int64_t count = y_count(call);
    if (ROWS < 64) return compute(call);
    if (!result) {
        compute(call);
        result = malloc((size_t)count * sizeof *result);
        rows = ROWS;
        for (int64_t i = 0; i < count; i++) result[i] = Y[i];
    } else if (rows == ROWS) {
        for (int64_t i = 0; i < count; i++) Y[i] = result[i];
    }
}
static void *spin(void *argument) {
    for (volatile int i = 0;; i++) {}
}
VARIANT(leaves_thread) {
    static pthread_t left;
    compute(call);
    if (!left) pthread_create(&left, NULL, spin, NULL);
}
VARIANT(leaves_descriptor) {
    static int file;
    compute(call);
    if (!file) file = open("/dev/null", O_RDONLY);
}
VARIANT(writes_to_channel) {
    compute(call);
    write(3, "x", 1);
}
VARIANT(forges_reply) {
    static const char frame[] = "TNR4\0\0\0\x20{\"nonce\":1,\"body\":{\"prepared\":{}}";
    compute(call);
    write(3, frame, 8 + 32);
}
VARIANT(closes_channel) {
    close(3);
    for (;;) pause();
}
VARIANT(races) {
    static int calls;
    compute(call);
    if (ROWS > 0 && calls++ == 0) Y[0] += 1;
}
// ---- System calls that no kernel has use for. ----
VARIANT(opens_socket) { socket(AF_INET, SOCK_STREAM, 0); }
VARIANT(opens_local_socket) { socket(AF_UNIX, SOCK_STREAM, 0); }
VARIANT(forks_without_end) {
    for (;;) fork();
}
VARIANT(executes) {
    char *words[] = {"/bin/sh", "-c", "exit 0", NULL};
    execve(words[0], words, words + 3);
}
VARIANT(kills_parent) { kill(getppid(), SIGKILL); }
VARIANT(kills_everybody) { kill(-1, SIGKILL); }
VARIANT(leaves_group) { setsid(); }
VARIANT(opens_state_to_all) { fchmodat(AT_FDCWD, STATE, 0777, 0); }
VARIANT(hides_its_call) {
    signal(SIGSYS, SIG_DFL);
    socket(AF_INET, SOCK_STREAM, 0);
}

// ---- Files. What is denied goes on; what is not, ends with a status that tells. ----
enum { got_through = 42 };

VARIANT(reads_state) {
    char byte;
    int file = open(STATE "/secret", O_RDONLY);
    if (file >= 0 && read(file, &byte, 1) == 1) exit(got_through);
    if (opendir(STATE)) exit(got_through);
    compute(call);
}
VARIANT(writes_state) {
    int file = open(STATE "/secret", O_WRONLY | O_TRUNC);
    if (file >= 0 || unlink(STATE "/secret") == 0) exit(got_through);
    file = open(STATE "/new", O_WRONLY | O_CREAT, 0600);
    if (file >= 0 || rename(STATE "/secret", STATE "/moved") == 0) exit(got_through);
    compute(call);
}
VARIANT(reads_elsewhere) {
    static const char *const names[] = {"/etc/passwd", "/proc/1/cmdline", "/proc/self/../1/environ", "/root", "/"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (open(names[i], O_RDONLY) >= 0) exit(got_through);
    compute(call);
}
VARIANT(writes_elsewhere) {
    static const char *const names[] = {"/tmp/" NAME, "/dev/shm/" NAME, "/var/tmp/" NAME, "/" NAME, OBJECTS "/" NAME};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (open(names[i], O_WRONLY | O_CREAT, 0600) >= 0) exit(got_through);
    compute(call);
}
VARIANT(forges_references) {
    if (opendir(REFERENCES) || open(REFERENCES "/" NAME, O_WRONLY | O_CREAT, 0600) >= 0) exit(got_through);
    compute(call);
}
VARIANT(overwrites_object) {
    if (open(OBJECTS "/good.so", O_WRONLY) >= 0) exit(got_through);
    compute(call);
}
// Its folder is the current one.
VARIANT(writes_own_folder) {
    int file = open("notes", O_RDWR | O_CREAT, 0600);
    if (file < 0 || write(file, "x", 1) != 1) exit(got_through);
    close(file);
    unlink("notes");
    compute(call);
}
VARIANT(fills_disk) {
    static char block[1 << 20];
    int file = open("big", O_WRONLY | O_CREAT, 0600);
    for (;;) write(file, block, sizeof block);
}
VARIANT(fills_disk_with_files) {
    static char block[1 << 20];
    for (int number = 0;; number++) {
        char name[16];
        snprintf(name, sizeof name, "%d", number);
        int file = open(name, O_WRONLY | O_CREAT, 0600);
        write(file, block, sizeof block);
        close(file);
    }
}

// ---- What only a confirmation finds. ----
VARIANT(wrong_at_one_tail) {
    compute(call);
    if (ROWS == 127) Y[126 * STRIDE + COLUMNS - 1] += 1;
}
VARIANT(writes_input_at_one_tail) {
    compute(call);
    if (ROWS == 127) X[5] = 0;
}
// Within the tolerance, but not the same bits every time.
VARIANT(differs_from_run_to_run) {
    static int calls;
    compute(call);
    if (y_count(call) > 0 && calls++ % 3 == 2) Y[y_count(call) - 1] = nextafterf(Y[y_count(call) - 1], 4);
}
// With two threads, one call in eight is wrong.
VARIANT(races_with_two_threads) {
    static int calls;
    if (thread == 0) {
        compute(call);
        if (call->threads > 1 && calls++ % 8 == 7) Y[0] += 1;
    }
    kernel_barrier(call);
}
// Good until it is timed.
VARIANT(hangs_when_timed) {
    static int calls;
    compute(call);
    if (++calls > 64)
        for (volatile int i = 0;; i++) {}
}
