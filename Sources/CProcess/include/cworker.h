// What tune-worker needs below Swift: a report from a dying process and a timed loop of calls.
#pragma once
#include <stdint.h>

#include "cprocess.h"
#include "thread_team.h"

// ---- Faults. One JSON frame of WorkerProtocol is written from the signal handler, then the process ends. ----

// Catches faults (SEGV, BUS, ILL, FPE, TRAP, ABRT) and the phase's timer, on an alternate stack; frames go to `reply_descriptor`.
int cworker_install_handlers(int reply_descriptor);
// Gives the calling thread its alternate stack; 0 or an errno value.
int cworker_use_alternate_stack(void);
// From here on a fault is the candidate's and is answered under `nonce`; after `seconds` the phase is over. `phase` has at most 15 letters.
void cworker_begin_phase(uint64_t nonce, const char *CPROCESS_NONNULL phase, double seconds);
// Within a phase: what runs until `cworker_end_call` may take `seconds`, but no more than is left of the phase.
void cworker_begin_call(double seconds);
void cworker_end_call(void);
// From here on a fault is the worker's own: no frame, the default action.
void cworker_end_phase(void);
// A fault while at least 9/10 of this many bytes of address space are in use counts as out of memory; 0: never.
void cworker_set_address_space_limit(int64_t bytes);

// Makes [low, start) and [end, high) known as guards of a buffer. Returns a slot, or -1 when all are taken (a fault there is then
// reported as a crash at an address).
int cworker_add_guard(const void *CPROCESS_NONNULL low, const void *CPROCESS_NONNULL start,
                      const void *CPROCESS_NONNULL end, const void *CPROCESS_NONNULL high,
                      const char *CPROCESS_NONNULL problem, const char *CPROCESS_NONNULL buffer);
void cworker_remove_guard(int slot);

// ---- Confinement. ----

// For all threads, for good: no capabilities, and no system call but those that verifying and timing take. Any other raises SIGSYS,
// which `cworker_install_handlers` answers for. 0 or an errno value.
int cworker_confine(void);
// Name of a system call that may be forbidden; null where it has none here.
const char *CPROCESS_NULLABLE cworker_call_name(int call);

// ---- Calls. ----

// Calls `entry`, a ThreadTeamEntry, `repetitions` times on `threads` threads, with calls[(first + i) % call_count], and returns the seconds all took.
double cworker_sample(CThreadTeam *CPROCESS_NONNULL team, int threads, void *CPROCESS_NONNULL entry,
                      const void *CPROCESS_NONNULL const *CPROCESS_NONNULL calls, int64_t call_count, int64_t first,
                      int64_t repetitions);

// What a thread, or all threads of the process, have met so far.
typedef struct CWorkerUsage {
    int64_t involuntary_switches, voluntary_switches, minor_faults, major_faults;
    double processor_seconds;
    int core;  // where the caller runs, -1 if that cannot be told
} CWorkerUsage;
// Of the calling thread, or of the whole process; to be subtracted from what follows. When it returns, the thread has just got its
// core: what interrupted the reading itself does not count.
CWorkerUsage cworker_usage_before(int whole_process);
// The same, at the end of what is watched.
CWorkerUsage cworker_usage_after(int whole_process);

// Pins the calling thread; 0 or an errno value.
int cworker_pin(int core);
// Writes the cores the calling thread may use, ascending, and returns how many.
int cworker_allowed_cores(int *CPROCESS_NONNULL cores, int capacity);
