#define _GNU_SOURCE
#include "cprocess.h"
#include "seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Descriptors a child can be given; the worker needs four.
enum { max_descriptors = 8 };
// The child calls a dozen system calls and exec, which copies nothing to this stack.
enum { child_stack_bytes = 64 * 1024 };

// Shared with the child, which runs in the parent's memory until exec: no pipe is needed to learn what went wrong.
typedef struct ChildStart {
    const CProcessSpecification *specification;
    sigset_t signals;
    pid_t parent;
    CProcessFilter filter;
    int error;
    const char *failed_step;
} ChildStart;

static int fail(ChildStart *start, const char *step) {
    start->error = errno;
    start->failed_step = step;
    _exit(127);
}

static int set_limit(int resource, int64_t value) {
    if (value < 0) return 0;
    struct rlimit limit = {(rlim_t)value, (rlim_t)value};
    return setrlimit(resource, &limit);
}

static void reset_signals(void) {
    struct sigaction action;
    for (int signal = 1; signal < _NSIG; signal++) {
        if (sigaction(signal, NULL, &action) != 0 || action.sa_handler == SIG_DFL) continue;
        memset(&action, 0, sizeof action);
        sigaction(signal, &action, NULL);
    }
}

static void map_descriptors(ChildStart *start) {
    const CProcessSpecification *specification = start->specification;
    int sources[max_descriptors];
    // Lift every source above the targets first, so that no dup2 overwrites one that is still needed.
    for (int i = 0; i < specification->descriptor_count; i++) {
        int source = specification->descriptors[i];
        if (source < 0) source = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (source < 0) fail(start, "open /dev/null");
        sources[i] = fcntl(source, F_DUPFD_CLOEXEC, max_descriptors);
        if (sources[i] < 0) fail(start, "duplicate a descriptor");
    }
    for (int i = 0; i < specification->descriptor_count; i++)
        if (dup2(sources[i], i) < 0) fail(start, "move a descriptor");
    if (syscall(SYS_close_range, (unsigned)specification->descriptor_count, UINT_MAX, 0) == 0) return;
    // Kernels before 5.9.
    int end = (int)sysconf(_SC_OPEN_MAX);
    for (int i = specification->descriptor_count; i < end; i++) close(i);
}

static int run_child(void *argument) {
    ChildStart *start = argument;
    const CProcessSpecification *specification = start->specification;
    reset_signals();
    if (setpgid(0, 0) != 0) fail(start, "make a process group");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail(start, "tie its life to the parent's");
    if (getppid() != start->parent) fail(start, "find its parent alive");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail(start, "renounce privileges");
    if (specification->working_directory && chdir(specification->working_directory) != 0)
        fail(start, "enter the working directory");
    // Before the descriptors move: the ruleset is one of those that are closed.
    if (specification->ruleset >= 0 && (errno = cprocess_enforce(specification->ruleset)) != 0)
        fail(start, "enforce its access rules");
    map_descriptors(start);
    if (specification->niceness != 0 && setpriority(PRIO_PROCESS, 0, specification->niceness) != 0)
        fail(start, "set the niceness");
    if (specification->core >= 0) {
        cpu_set_t cores;
        CPU_ZERO(&cores);
        CPU_SET(specification->core, &cores);
        if (sched_setaffinity(0, sizeof cores, &cores) != 0) fail(start, "pin it to its core");
    }
    if (set_limit(RLIMIT_CORE, 0) != 0 || set_limit(RLIMIT_CPU, specification->cpu_time) != 0 ||
        set_limit(RLIMIT_FSIZE, specification->file_size) != 0 ||
        set_limit(RLIMIT_NOFILE, specification->open_files) != 0 ||
        set_limit(RLIMIT_AS, specification->address_space) != 0)
        fail(start, "set its limits");
    if (specification->filters_system_calls && (errno = cprocess_install_filter(&start->filter)) != 0)
        fail(start, "filter its system calls");
    sigprocmask(SIG_SETMASK, &start->signals, NULL);
    execve(specification->path, specification->argv, specification->envp);
    return fail(start, "execute");
}

int cprocess_spawn(const CProcessSpecification *specification, pid_t *process, int *process_descriptor,
                   const char **failed_step) {
    *failed_step = NULL;
    if (specification->descriptor_count < 3 || specification->descriptor_count > max_descriptors) {
        *failed_step = "count the descriptors";
        return EINVAL;
    }
    void *stack = mmap(NULL, child_stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) {
        *failed_step = "allocate a stack";
        return errno;
    }
    ChildStart start;
    start.specification = specification;
    start.parent = getpid();
    start.error = 0;
    start.failed_step = NULL;
    // Made here, in memory that the child shares: it has next to no stack.
    if (specification->filters_system_calls) cprocess_make_child_filter(&start.filter);
    // No handler of the parent may run in the child while both share memory; the child resets them, then unblocks. It
    // starts with no signal blocked: a mask inherited from a thread of libdispatch would make SIGTERM ineffective.
    sigset_t everything, previous;
    sigfillset(&everything);
    sigemptyset(&start.signals);
    pthread_sigmask(SIG_SETMASK, &everything, &previous);
    // CLONE_VFORK: this thread waits until the child has executed or ended, so `start` and the stack stay valid.
    pid_t child = clone(run_child, (char *)stack + child_stack_bytes, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
                        &start, process_descriptor);
    int error = child < 0 ? errno : start.error;
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    munmap(stack, child_stack_bytes);
    if (child < 0) {
        *failed_step = "create a process";
        return error;
    }
    if (error != 0) {
        *failed_step = start.failed_step;
        close(*process_descriptor);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
        return error;
    }
    *process = child;
    return 0;
}

CProcessExit cprocess_kill_and_reap(pid_t process) {
    kill(-process, SIGKILL);
    int status = 0;
    while (waitpid(process, &status, 0) < 0)
        if (errno != EINTR) return (CProcessExit){.status = -1, .signal = 0};
    if (WIFSIGNALED(status)) return (CProcessExit){.status = 0, .signal = WTERMSIG(status)};
    return (CProcessExit){.status = WEXITSTATUS(status), .signal = 0};
}

int cprocess_make_event(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int cprocess_make_socket_pair(int *first, int *second) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return errno;
    *first = pair[0];
    *second = pair[1];
    return 0;
}

int cprocess_make_pipe(int *reader, int *writer) {
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) != 0) return errno;
    *reader = pair[0];
    *writer = pair[1];
    return 0;
}

typedef struct LibraryVisit {
    void (*body)(const char *path, void *context);
    void *context;
} LibraryVisit;

static int visit_library(struct dl_phdr_info *library, size_t size, void *argument) {
    (void)size;
    LibraryVisit *visit = argument;
    // The program itself has no name, nor has what the kernel maps.
    if (library->dlpi_name && library->dlpi_name[0] == '/') visit->body(library->dlpi_name, visit->context);
    return 0;
}

void cprocess_for_each_library(void (*body)(const char *path, void *context), void *context) {
    LibraryVisit visit = {body, context};
    dl_iterate_phdr(visit_library, &visit);
}
