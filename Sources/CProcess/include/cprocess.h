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
    int ruleset;   // of Landlock, enforced before the program starts, or -1
    int filters_system_calls;  // whether it is denied the network and what reaches beyond itself
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

// Calls `body` with the path of each shared library that this process has loaded.
void cprocess_for_each_library(void (*CPROCESS_NONNULL body)(const char *CPROCESS_NONNULL path,
                                                             void *CPROCESS_NULLABLE context),
                               void *CPROCESS_NULLABLE context);

// ---- Landlock (Linux 5.13): what a process and all its children may do with files, for good. ----

// Version of Landlock in this kernel; 0: none, or switched off.
int cprocess_landlock_version(void);
// Whether the kernel filters system calls (seccomp).
int cprocess_filters_system_calls(void);

enum {
    cprocess_read = 1,           // read, list and execute
    cprocess_write = 2,          // make, write and remove files
    cprocess_write_folders = 4,  // make and remove folders and symbolic links, move files between folders
};

// A ruleset that denies all access to files and, where the version has it, TCP, abstract sockets and signals to others; a
// close-on-exec descriptor, or -1 with errno set.
int cprocess_make_ruleset(void);
// Allows access to the file `path` or to everything beneath the folder; 0 or an errno value.
int cprocess_allow(int ruleset, const char *CPROCESS_NONNULL path, int access);
// Restricts the calling thread, and what it starts from now on, to the ruleset; it has renounced new privileges before. 0 or an
// errno value.
int cprocess_enforce(int ruleset);
