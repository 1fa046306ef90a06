// Threads that enter a variant together and are kept between calls. The caller is the first of them.
//
// A thread that waits spins, then yields, then sleeps: calls that follow one another cost no system call, and a team without work no core.
#pragma once
#include <stdint.h>

#if defined(__clang__)
#define TEAM_NONNULL _Nonnull
#define TEAM_NULLABLE _Nullable
#else
#define TEAM_NONNULL
#define TEAM_NULLABLE
#endif

typedef struct CThreadTeam CThreadTeam;
// A KernelVariant (kernel_abi.h); the call is passed through, never looked into.
typedef void (*ThreadTeamEntry)(const void *TEAM_NULLABLE call, int64_t thread);

// A team of its caller alone; every thread that joins runs `prepare` first. Null when out of memory.
CThreadTeam *TEAM_NULLABLE thread_team_make(void (*TEAM_NULLABLE prepare)(void));
// Starts threads until there are `threads`, the caller included. Each is pinned to cores[number % core_count], or to nothing where that is 0;
// a core that cannot be had leaves its thread unpinned. 0 or an errno value.
int thread_team_grow(CThreadTeam *TEAM_NONNULL team, int threads, const int *TEAM_NULLABLE cores, int core_count);
// How many threads there are, the caller included.
int thread_team_size(const CThreadTeam *TEAM_NONNULL team);
// Calls entry(call, i) on thread i for all i < threads <= size, and returns once all have returned. Allocates nothing. One call at a time.
void thread_team_call(CThreadTeam *TEAM_NONNULL team, int threads, ThreadTeamEntry TEAM_NONNULL entry,
                      const void *TEAM_NULLABLE call);
// Has the first `threads` threads wake up, if they sleep, and enter the scheduler once: only there does the kernel add what a thread has run to the
// processor time that another thread of the process reads.
void thread_team_settle(CThreadTeam *TEAM_NONNULL team, int threads);
// Returns once all threads of the running call have arrived: the `barrier` of a KernelCall, `team` being its team.
void thread_team_barrier(void *TEAM_NULLABLE team);
// Ends the threads. No call may be running.
void thread_team_free(CThreadTeam *TEAM_NONNULL team);
