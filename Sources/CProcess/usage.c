#define _GNU_SOURCE
#include <sched.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <time.h>

#include "cworker.h"

// Both readings take about 1 µs; one that took this long was interrupted itself.
static const double longest_reading = 20e-6;
enum { reading_attempts = 8 };

static double seconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static CWorkerUsage read_once(int whole_process) {
    struct rusage usage;
    getrusage(whole_process ? RUSAGE_SELF : RUSAGE_THREAD, &usage);
    // After the counts: a thread whose time slice has ended loses its core when a system call returns, and a switch that the clock's
    // call brought about would be counted as one of the sample. getrusage's own times are as old as the last timer tick.
    double processor = seconds(whole_process ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_THREAD_CPUTIME_ID);
    return (CWorkerUsage){
        .involuntary_switches = usage.ru_nivcsw,
        .voluntary_switches = usage.ru_nvcsw,
        .minor_faults = usage.ru_minflt,
        .major_faults = usage.ru_majflt,
        .processor_seconds = processor,
        .core = sched_getcpu(),
    };
}

CWorkerUsage cworker_usage_after(int whole_process) { return read_once(whole_process); }

CWorkerUsage cworker_usage_before(int whole_process) {
    CWorkerUsage usage;
    for (int attempt = 0; attempt < reading_attempts; attempt++) {
        double start = seconds(CLOCK_MONOTONIC_RAW);
        usage = read_once(whole_process);
        if (seconds(CLOCK_MONOTONIC_RAW) - start < longest_reading) break;
    }
    return usage;
}
