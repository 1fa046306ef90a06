// Starting, limiting and watching child processes: what Foundation.Process and posix_spawn cannot do on Linux.
#pragma once
#include <stdint.h>
#include <sys/types.h>

#if defined(__clang__)
#define CPROCESS_NONNULL _Nonnull
#define CPROCESS_NULLABLE _Nullable
#else
#define CPROCESS_NONNULL
#define CPROCESS_NULLABLE
#endif

// What to start and what it may use. A negative limit leaves the parent's.
typedef struct CProcessSpecification {
    const char *CPROCESS_NONNULL path;
    // Both end with NULL.
    char *CPROCESS_NULLABLE const *CPROCESS_NONNULL argv;
    char *CPROCESS_NULLABLE const *CPROCESS_NONNULL envp;
    const char *CPROCESS_NULLABLE working_directory;
    // descriptors[i] becomes the child's descriptor i, -1 meaning /dev/null; every other one is closed. At least 3.
    const int *CPROCESS_NONNULL descriptors;
    int descriptor_count;
    int64_t address_space;  // bytes
    int64_t cpu_time;       // seconds
    int64_t file_size;      // bytes
    int64_t open_files;
    int core;      // the only core it may use, or -1
    int niceness;  // absolute, applied in the child: libdispatch resets the parent's threads when run by root
} CProcessSpecification;

// Starts a process in a group of its own, without core files, with default signals and no new privileges, that gets
// SIGKILL when the *calling thread* ends: call it from a thread that outlives the child.
// Returns 0 and the process with a descriptor that becomes readable when it ends (close-on-exec), or an errno value
// and the name of the step that failed. Takes about 0.2 ms: the parent's memory is not copied.
int cprocess_spawn(const CProcessSpecification *CPROCESS_NONNULL specification, pid_t *CPROCESS_NONNULL process,
                   int *CPROCESS_NONNULL process_descriptor,
                   const char *CPROCESS_NULLABLE *CPROCESS_NONNULL failed_step);

// How a process ended: `signal` is 0 when it exited with `status`.
typedef struct CProcessExit {
    int status;
    int signal;
} CProcessExit;

// Kills what is left of the process's group, then waits for the process itself. The order matters: until the leader is
// reaped, its number cannot be taken by another group.
CProcessExit cprocess_kill_and_reap(pid_t process);

// A close-on-exec, non-blocking eventfd, or -1 with errno set.
int cprocess_make_event(void);
// A pair of connected, close-on-exec stream sockets; 0 or an errno value.
int cprocess_make_socket_pair(int *CPROCESS_NONNULL first, int *CPROCESS_NONNULL second);
// A close-on-exec pipe; 0 or an errno value.
int cprocess_make_pipe(int *CPROCESS_NONNULL reader, int *CPROCESS_NONNULL writer);
