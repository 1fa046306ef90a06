#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cworker.h"

// A wait spins this often (some 10 µs) before it gives the core away: longer than the imbalance of a well divided call, short enough
// that with more threads than cores the one that works gets to run.
enum { spins_before_yield = 2000 };
// Between calls of a sample threads are called again at once; between candidates they must not disturb a single-threaded one.
enum { yields_before_sleep = 200 };
enum { max_threads = 1024 };

// A thread besides the caller. Each has a line of its own: only those that a call needs are disturbed by it.
typedef struct Member {
    _Alignas(64) _Atomic uint32_t generation;  // advanced for every call that this thread takes part in
    _Atomic uint32_t asleep;
    CWorkerTeam *team;
    int number;
    int core;
} Member;

struct CWorkerTeam {
    // The running call.
    void (*entry)(const void *, int64_t);
    const void *call;
    int active;
    // The barrier: how many arrived, and how often it was passed.
    _Alignas(64) _Atomic int arrived;
    _Alignas(64) _Atomic uint32_t passed;
    // Threads besides the caller: members[1] … members[threads].
    int threads;
    Member *members[max_threads];
};

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static inline void wait_a_little(int *turns) {
    if (++*turns < spins_before_yield) relax();
    else sched_yield();
}

static void wait_for_call(Member *member, uint32_t seen) {
    for (int turns = 0; atomic_load_explicit(&member->generation, memory_order_acquire) == seen;) {
        if (turns < spins_before_yield + yields_before_sleep) {
            wait_a_little(&turns);
            continue;
        }
        // Sequentially consistent, as in call_team: either the caller sees the flag or the kernel sees the new generation.
        atomic_store(&member->asleep, 1);
        syscall(SYS_futex, &member->generation, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
        atomic_store(&member->asleep, 0);
    }
}

void cworker_barrier(void *pointer) {
    CWorkerTeam *team = pointer;
    uint32_t passed = atomic_load_explicit(&team->passed, memory_order_acquire);
    if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) + 1 == team->active) {
        atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&team->passed, passed + 1, memory_order_release);
        return;
    }
    for (int turns = 0; atomic_load_explicit(&team->passed, memory_order_acquire) == passed;) wait_a_little(&turns);
}

static void *run_member(void *argument) {
    Member *member = argument;
    CWorkerTeam *team = member->team;
    // A core that went away since the worker started: unpinned is still right, only less steady.
    (void)cworker_pin(member->core);
    (void)cworker_use_alternate_stack();
    for (uint32_t seen = 0;; seen++) {
        wait_for_call(member, seen);
        team->entry(team->call, member->number);
        cworker_barrier(team);
    }
    return NULL;
}

CWorkerTeam *cworker_make_team(void) {
    CWorkerTeam *team = aligned_alloc(64, (sizeof *team + 63) / 64 * 64);
    if (team) memset(team, 0, sizeof *team);
    return team;
}

int cworker_grow_team(CWorkerTeam *team, int threads, const int *cores, int core_count) {
    if (threads > max_threads || core_count < 1) return EINVAL;
    while (team->threads + 1 < threads) {
        // Never freed: the thread lives as long as the process.
        Member *member = aligned_alloc(64, (sizeof *member + 63) / 64 * 64);
        if (!member) return ENOMEM;
        int number = team->threads + 1;
        memset(member, 0, sizeof *member);
        member->team = team;
        member->number = number;
        member->core = cores[number % core_count];
        pthread_t thread;
        int error = pthread_create(&thread, NULL, run_member, member);
        if (error) {
            free(member);
            return error;
        }
        pthread_detach(thread);
        team->members[number] = member;
        team->threads = number;
    }
    return 0;
}

static void call_team(CWorkerTeam *team, int threads, void (*entry)(const void *, int64_t), const void *call) {
    team->entry = entry;
    team->call = call;
    team->active = threads;
    for (int i = 1; i < threads; i++) {
        Member *member = team->members[i];
        atomic_fetch_add(&member->generation, 1);
        if (atomic_load(&member->asleep)) syscall(SYS_futex, &member->generation, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
    entry(call, 0);
    cworker_barrier(team);
}

static double now(void) {
    struct timespec time;
    // Not slewed by NTP.
    clock_gettime(CLOCK_MONOTONIC_RAW, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

double cworker_sample(CWorkerTeam *team, int threads, void *pointer, const void *const *calls, int64_t call_count,
                      int64_t first, int64_t repetitions) {
    void (*entry)(const void *, int64_t) = (void (*)(const void *, int64_t))pointer;
    int64_t at = first % call_count;
    double start = now();
    for (int64_t i = 0; i < repetitions; i++) {
        if (threads == 1) entry(calls[at], 0);
        else call_team(team, threads, entry, calls[at]);
        if (++at == call_count) at = 0;
    }
    return now() - start;
}

int cworker_pin(int core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    return sched_setaffinity(0, sizeof cores, &cores) == 0 ? 0 : errno;
}

int cworker_allowed_cores(int *cores, int capacity) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    int count = 0;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 0;
    for (int core = 0; core < CPU_SETSIZE && count < capacity; core++)
        if (CPU_ISSET(core, &allowed)) cores[count++] = core;
    return count;
}
