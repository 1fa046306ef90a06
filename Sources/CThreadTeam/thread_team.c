#define _GNU_SOURCE
#include "thread_team.h"

#include <errno.h>
#include <linux/futex.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// A wait spins this often (some 10 µs) before it gives the core away: longer than the imbalance of a well divided call, short enough
// that with more threads than cores the one that works gets to run.
enum { spins_before_yield = 2000 };
// Between calls that follow one another threads are needed again at once; after that they must not disturb whoever has work.
enum { yields_before_sleep = 200 };
enum { max_threads = 1024 };

// A thread besides the caller. Each has a line of its own: only those that a call needs are disturbed by it.
typedef struct Member {
    _Alignas(64) _Atomic uint32_t generation;  // advanced for every call that this thread takes part in
    _Atomic uint32_t asleep;
    CThreadTeam *team;
    pthread_t thread;
    int number;
    int core;  // -1: not pinned
} Member;

struct CThreadTeam {
    void (*prepare)(void);
    // The running call; no entry: the threads end.
    ThreadTeamEntry entry;
    const void *call;
    int active;
    // The barrier: how many arrived, how often it was passed, and how many sleep until it is.
    _Alignas(64) _Atomic int arrived;
    _Alignas(64) _Atomic uint32_t passed;
    _Atomic uint32_t sleepers;
    // Threads besides the caller: members[1] … members[threads].
    int threads;
    Member *members[max_threads];
};

static void *allocate_lines(size_t size) {
    void *memory = aligned_alloc(64, (size + 63) / 64 * 64);
    if (memory) memset(memory, 0, size);
    return memory;
}

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void futex_wait(_Atomic uint32_t *place, uint32_t seen) {
    syscall(SYS_futex, place, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *place, int count) {
    syscall(SYS_futex, place, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

// Until `place` no longer holds `seen`. `asleep` is counted up while the caller sleeps; accesses are sequentially consistent, so that either who
// changes `place` sees the count or the kernel sees the change.
static void wait_for_change(_Atomic uint32_t *place, uint32_t seen, _Atomic uint32_t *asleep) {
    for (int turns = 0; atomic_load_explicit(place, memory_order_acquire) == seen; turns++) {
        if (turns < spins_before_yield) {
            relax();
        } else if (turns < spins_before_yield + yields_before_sleep) {
            sched_yield();
        } else {
            atomic_fetch_add(asleep, 1);
            futex_wait(place, seen);
            atomic_fetch_sub(asleep, 1);
        }
    }
}

void thread_team_barrier(void *pointer) {
    CThreadTeam *team = pointer;
    uint32_t passed = atomic_load_explicit(&team->passed, memory_order_acquire);
    if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) + 1 == team->active) {
        atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
        atomic_store(&team->passed, passed + 1);
        if (atomic_load(&team->sleepers)) futex_wake(&team->passed, INT_MAX);
        return;
    }
    wait_for_change(&team->passed, passed, &team->sleepers);
}

static void *run_member(void *argument) {
    Member *member = argument;
    CThreadTeam *team = member->team;
    if (member->core >= 0) {
        cpu_set_t cores;
        CPU_ZERO(&cores);
        CPU_SET(member->core, &cores);
        // A core that went away meanwhile: unpinned is still right, only less steady.
        (void)sched_setaffinity(0, sizeof cores, &cores);
    }
    if (team->prepare) team->prepare();
    for (uint32_t seen = 0;; seen++) {
        wait_for_change(&member->generation, seen, &member->asleep);
        if (!team->entry) return NULL;
        team->entry(team->call, member->number);
        thread_team_barrier(team);
    }
}

CThreadTeam *thread_team_make(void (*prepare)(void)) {
    CThreadTeam *team = allocate_lines(sizeof *team);
    if (team) team->prepare = prepare;
    return team;
}

int thread_team_size(const CThreadTeam *team) { return team->threads + 1; }

int thread_team_grow(CThreadTeam *team, int threads, const int *cores, int core_count) {
    if (threads > max_threads) return EINVAL;
    while (team->threads + 1 < threads) {
        Member *member = allocate_lines(sizeof *member);
        if (!member) return ENOMEM;
        int number = team->threads + 1;
        member->team = team;
        member->number = number;
        member->core = core_count > 0 ? cores[number % core_count] : -1;
        int error = pthread_create(&member->thread, NULL, run_member, member);
        if (error) {
            free(member);
            return error;
        }
        team->members[number] = member;
        team->threads = number;
    }
    return 0;
}

// Lets thread `number` see what the team is to do.
static void summon(CThreadTeam *team, int number) {
    Member *member = team->members[number];
    atomic_fetch_add(&member->generation, 1);
    if (atomic_load(&member->asleep)) futex_wake(&member->generation, 1);
}

void thread_team_call(CThreadTeam *team, int threads, ThreadTeamEntry entry, const void *call) {
    if (threads <= 1) {
        entry(call, 0);
        return;
    }
    team->entry = entry;
    team->call = call;
    team->active = threads;
    for (int number = 1; number < threads; number++) summon(team, number);
    entry(call, 0);
    thread_team_barrier(team);
}

static void give_way(const void *call, int64_t thread) {
    (void)call;
    (void)thread;
    sched_yield();
}

void thread_team_settle(CThreadTeam *team, int threads) {
    if (threads > 1) thread_team_call(team, threads, give_way, NULL);
}

void thread_team_free(CThreadTeam *team) {
    team->entry = NULL;
    for (int number = 1; number <= team->threads; number++) summon(team, number);
    for (int number = 1; number <= team->threads; number++) {
        pthread_join(team->members[number]->thread, NULL);
        free(team->members[number]);
    }
    free(team);
}
