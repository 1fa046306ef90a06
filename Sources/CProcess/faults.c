#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "cworker.h"

// Enough for 200 verify problems of 8 buffers in two layouts.
enum { max_guards = 4096, name_bytes = 128, alternate_stack_bytes = 64 * 1024 };

typedef struct Guard {
    // 0: the slot is free.
    uintptr_t low, start, end, high;
    char problem[name_bytes];
    char buffer[name_bytes];
} Guard;

static Guard guards[max_guards];
static int reply = -1;
static volatile uint64_t current_nonce;
static char phase_name[16];
static volatile sig_atomic_t in_phase;
static volatile double phase_seconds;
// The time that the timer was set to: of the phase, or of a call in it.
static volatile double timed_seconds;
static double phase_end;
static volatile int64_t address_space_limit;

// ---- Text without allocation: the handler may have interrupted malloc. ----

typedef struct Text {
    char bytes[1024];
    size_t count;
} Text;

static void add(Text *text, const char *string) {
    while (*string && text->count < sizeof text->bytes) text->bytes[text->count++] = *string++;
}

static void add_unsigned(Text *text, uint64_t value) {
    char digits[24];
    int at = sizeof digits;
    digits[--at] = 0;
    do digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    add(text, digits + at);
}

static void add_signed(Text *text, int64_t value) {
    if (value < 0) add(text, "-");
    add_unsigned(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

// Address space in use, in bytes: the first figure of statm, in pages.
static int64_t address_space_in_use(void) {
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    char digits[32];
    ssize_t count = read(file, digits, sizeof digits);
    close(file);
    int64_t pages = 0;
    for (ssize_t i = 0; i < count && digits[i] >= '0' && digits[i] <= '9'; i++) pages = pages * 10 + (digits[i] - '0');
    return pages * sysconf(_SC_PAGESIZE);
}

// `failure` is the JSON of a Failure. A header as in FrameCodec: "TNR4", then the length, both big-endian.
static void reply_and_end(const Text *failure) {
    Text body = {.count = 0}, frame = {.count = 0};
    add(&body, "{\"nonce\":");
    add_unsigned(&body, current_nonce);
    add(&body, ",\"body\":{\"failed\":{\"reusable\":false,\"_0\":");
    for (size_t i = 0; i < failure->count && body.count < sizeof body.bytes; i++)
        body.bytes[body.count++] = failure->bytes[i];
    add(&body, "}}}");
    add(&frame, "TNR4");
    for (int shift = 24; shift >= 0; shift -= 8) frame.bytes[frame.count++] = (char)(body.count >> shift);
    for (size_t i = 0; i < body.count && frame.count < sizeof frame.bytes; i++)
        frame.bytes[frame.count++] = body.bytes[i];
    for (size_t sent = 0; sent < frame.count;) {
        ssize_t count = write(reply, frame.bytes + sent, frame.count - sent);
        if (count < 0 && errno != EINTR) break;
        if (count > 0) sent += (size_t)count;
    }
    _exit(1);
}

static const Guard *guard_of(uintptr_t address) {
    for (int i = 0; i < max_guards; i++) {
        const Guard *guard = &guards[i];
        if (guard->low == 0 || address < guard->low || address >= guard->high) continue;
        if (address < guard->start || address >= guard->end) return guard;
    }
    return NULL;
}

static void report_fault(int signal, const siginfo_t *information) {
    Text failure = {.count = 0};
    bool has_address = information->si_code > 0 && (signal == SIGSEGV || signal == SIGBUS);
    uintptr_t address = (uintptr_t)information->si_addr;
    const Guard *guard = has_address ? guard_of(address) : NULL;
    if (guard) {
        add(&failure, "{\"outOfBounds\":{\"problem\":\"");
        add(&failure, guard->problem);
        add(&failure, "\",\"buffer\":\"");
        add(&failure, guard->buffer);
        add(&failure, "\",\"offset\":");
        add_signed(&failure, address >= guard->end ? (int64_t)(address - guard->end)
                                                   : -(int64_t)(guard->start - address));
    } else if (address_space_limit > 0 && address_space_in_use() >= address_space_limit / 10 * 9) {
        add(&failure, "{\"outOfMemory\":{\"limit\":");
        add_signed(&failure, address_space_limit);
    } else {
        add(&failure, "{\"crash\":{\"signal\":");
        add_signed(&failure, signal);
        if (has_address) {
            add(&failure, ",\"address\":");
            add_unsigned(&failure, address);
        }
    }
    add(&failure, "}}");
    reply_and_end(&failure);
}

static void report_timeout(void) {
    Text failure = {.count = 0};
    add(&failure, "{\"timeout\":{\"phase\":\"");
    add(&failure, phase_name);
    add(&failure, "\",\"seconds\":");
    uint64_t milliseconds = (uint64_t)(timed_seconds * 1000 + 0.5);
    add_unsigned(&failure, milliseconds / 1000);
    char fraction[] = {'.', (char)('0' + milliseconds / 100 % 10), (char)('0' + milliseconds / 10 % 10),
                       (char)('0' + milliseconds % 10), 0};
    add(&failure, fraction);
    add(&failure, "}}");
    reply_and_end(&failure);
}

static void report_forbidden(const siginfo_t *information) {
    Text failure = {.count = 0};
    const char *name = cworker_call_name(information->si_syscall);
    add(&failure, "{\"forbidden\":{\"call\":\"");
    add(&failure, name ? name : "system call ");
    if (!name) add_signed(&failure, information->si_syscall);
    add(&failure, "\"}}");
    reply_and_end(&failure);
}

static void report_full_file(void) {
    Text failure = {.count = 0};
    add(&failure, "{\"misbehaved\":{\"message\":\"it wrote a file beyond the limit of size\"}}");
    reply_and_end(&failure);
}

static void handle(int signal, siginfo_t *information, void *context) {
    (void)context;
    // Only one thread of the team gets to report; the others wait for the end.
    static atomic_flag reporting = ATOMIC_FLAG_INIT;
    if (!in_phase) {
        // The worker's own fault: returning repeats it under the default action.
        struct sigaction action = {.sa_handler = SIG_DFL};
        sigaction(signal, &action, NULL);
        // A system call that was not made, however, is not made again.
        if (information->si_code <= 0 || signal == SIGSYS) raise(signal);
        return;
    }
    if (atomic_flag_test_and_set(&reporting))
        for (;;) pause();
    if (signal == SIGALRM) report_timeout();
    if (signal == SIGSYS) report_forbidden(information);
    if (signal == SIGXFSZ) report_full_file();
    report_fault(signal, information);
}

int cworker_install_handlers(int reply_descriptor) {
    reply = reply_descriptor;
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGALRM, SIGSYS, SIGXFSZ};
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (sigaction(signals[i], &action, NULL) != 0) return errno;
    return cworker_use_alternate_stack();
}

int cworker_use_alternate_stack(void) {
    void *memory = mmap(NULL, alternate_stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return errno;
    stack_t stack = {.ss_sp = memory, .ss_size = alternate_stack_bytes};
    return sigaltstack(&stack, NULL) == 0 ? 0 : errno;
}

// Names go into JSON unescaped.
static void copy_name(char *to, const char *from, size_t capacity) {
    size_t i = 0;
    for (; from[i] && i < capacity - 1; i++) to[i] = from[i] < ' ' || from[i] == '"' || from[i] == '\\' ? '?' : from[i];
    to[i] = 0;
}

static void set_timer(double seconds) {
    struct itimerval timer = {.it_value = {.tv_sec = (time_t)seconds,
                                           .tv_usec = (suseconds_t)((seconds - floor(seconds)) * 1e6)}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

void cworker_begin_phase(uint64_t nonce, const char *phase, double seconds) {
    current_nonce = nonce;
    phase_seconds = timed_seconds = seconds;
    phase_end = now() + seconds;
    copy_name(phase_name, phase, sizeof phase_name);
    in_phase = 1;
    set_timer(seconds);
}

// A timer of no time at all would be one that is switched off.
static double left_of_phase(void) { return fmax(phase_end - now(), 1e-6); }

void cworker_begin_call(double seconds) {
    double left = left_of_phase();
    timed_seconds = seconds < left ? seconds : phase_seconds;
    set_timer(fmin(seconds, left));
}

void cworker_end_call(void) {
    timed_seconds = phase_seconds;
    set_timer(left_of_phase());
}

void cworker_end_phase(void) {
    set_timer(0);
    in_phase = 0;
}

void cworker_set_address_space_limit(int64_t bytes) { address_space_limit = bytes; }

int cworker_add_guard(const void *low, const void *start, const void *end, const void *high, const char *problem,
                      const char *buffer) {
    for (int i = 0; i < max_guards; i++) {
        Guard *guard = &guards[i];
        if (guard->low != 0) continue;
        *guard = (Guard){(uintptr_t)low, (uintptr_t)start, (uintptr_t)end, (uintptr_t)high, "", ""};
        copy_name(guard->problem, problem, name_bytes);
        copy_name(guard->buffer, buffer, name_bytes);
        return i;
    }
    return -1;
}

void cworker_remove_guard(int slot) {
    if (slot >= 0 && slot < max_guards) guards[slot].low = 0;
}
