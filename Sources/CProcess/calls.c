#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <time.h>

#include "cworker.h"

static double now(void) {
    struct timespec time;
    // Not slewed by NTP.
    clock_gettime(CLOCK_MONOTONIC_RAW, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

double cworker_sample(CThreadTeam *team, int threads, void *pointer, const void *const *calls, int64_t call_count,
                      int64_t first, int64_t repetitions) {
    ThreadTeamEntry entry = (ThreadTeamEntry)pointer;
    int64_t at = first % call_count;
    // Those that fell asleep since the last sample wake up.
    thread_team_settle(team, threads);
    double start = now();
    for (int64_t i = 0; i < repetitions; i++) {
        thread_team_call(team, threads, entry, calls[at]);
        if (++at == call_count) at = 0;
    }
    double seconds = now() - start;
    // Or the processor time of this sample would be counted with a later one.
    thread_team_settle(team, threads);
    return seconds;
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
