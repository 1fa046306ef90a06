#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cworker.h"
#include "seccomp.h"

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "name this architecture's AUDIT_ARCH"
#endif

// linux/seccomp.h and linux/capability.h of an old build host may lack these.
enum { flag_all_threads = 1 << 0, flag_keep_speculation = 1 << 2, action_kill_process = (int)0x80000000 };
// System calls of the 32-bit-pointer interface of x86-64: another way to the same calls.
enum { x32_bit = 0x40000000 };

// ---- Programs of the packet filter's machine. ----

static void emit(CProcessFilter *filter, uint16_t code, uint32_t operand, uint8_t if_true, uint8_t if_false) {
    // A filter that is cut short would let something through; this one would not even load.
    if (filter->count < cprocess_filter_capacity)
        filter->code[filter->count] = (struct sock_filter){code, if_true, if_false, operand};
    filter->count++;
}

static void load(CProcessFilter *filter, size_t offset) {
    emit(filter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void end_with(CProcessFilter *filter, uint32_t action) { emit(filter, BPF_RET | BPF_K, action, 0, 0); }

// Leaves the call's number in the accumulator. Calls of another architecture have other numbers: they end the process.
static void begin(CProcessFilter *filter) {
    filter->count = 0;
    load(filter, offsetof(struct seccomp_data, arch));
    emit(filter, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCHITECTURE, 1, 0);
    end_with(filter, (uint32_t)action_kill_process);
    load(filter, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
    emit(filter, BPF_JMP | BPF_JGE | BPF_K, x32_bit, 0, 1);
    end_with(filter, (uint32_t)action_kill_process);
#endif
}

static void on(CProcessFilter *filter, long call, uint32_t action) {
    emit(filter, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1);
    end_with(filter, action);
}

// Allows `call` if its argument (the lower half: these are all ints) is one of `values`, else traps it.
static void allow_if(CProcessFilter *filter, long call, int argument, const uint32_t *values, int count) {
    emit(filter, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, (uint8_t)(2 * count + 2));
    load(filter, offsetof(struct seccomp_data, args) + sizeof(uint64_t) * (size_t)argument);
    for (int i = 0; i < count; i++) on(filter, (long)values[i], SECCOMP_RET_ALLOW);
    end_with(filter, SECCOMP_RET_TRAP);
}

// ---- Any child: no network and nothing that reaches beyond it; the rest as it was. ----

void cprocess_make_child_filter(CProcessFilter *filter) {
    static const int denied[] = {
        SYS_socket,         SYS_io_uring_setup,   SYS_ptrace,          SYS_process_vm_readv, SYS_process_vm_writev,
        SYS_mount,          SYS_umount2,          SYS_pivot_root,      SYS_chroot,           SYS_setns,
        SYS_unshare,        SYS_bpf,              SYS_perf_event_open, SYS_userfaultfd,      SYS_open_by_handle_at,
        SYS_init_module,    SYS_finit_module,     SYS_delete_module,   SYS_kexec_load,       SYS_reboot,
        SYS_swapon,         SYS_swapoff,          SYS_keyctl,          SYS_add_key,          SYS_request_key,
        SYS_pidfd_getfd,    SYS_pidfd_send_signal, SYS_settimeofday,   SYS_clock_settime,    SYS_sethostname,
    };
    begin(filter);
    for (size_t i = 0; i < sizeof denied / sizeof *denied; i++)
        on(filter, denied[i], SECCOMP_RET_ERRNO | EPERM);
    end_with(filter, SECCOMP_RET_ALLOW);
}

int cprocess_install_filter(const CProcessFilter *filter) {
    if (filter->count > cprocess_filter_capacity) return E2BIG;
    struct sock_fprog program = {filter->count, (struct sock_filter *)filter->code};
    // Without the flag, kernels before 5.16 slow every load of the process down (a measure against speculation across sandboxes
    // within one process, of which there are none): what is measured would not be what will run.
    unsigned flags = flag_all_threads | flag_keep_speculation;
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) == 0 ? 0 : errno;
}

int cprocess_filters_system_calls(void) {
    uint32_t action = SECCOMP_RET_TRAP;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

// ---- A worker: only what verifying and timing take. ----

static void make_worker_filter(CProcessFilter *filter) {
    static const int allowed[] = {
        // Threads that wait, clocks and the timer of a phase: first, because they are called while a candidate runs.
        SYS_futex, SYS_sched_yield, SYS_clock_gettime, SYS_setitimer, SYS_getitimer, SYS_getrusage, SYS_gettimeofday,
        SYS_nanosleep, SYS_clock_nanosleep, SYS_clock_getres, SYS_getcpu, SYS_membarrier, SYS_restart_syscall,
        // Descriptors it has. What it may open is Landlock's to say.
        SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_lseek, SYS_close, SYS_close_range,
        SYS_dup, SYS_dup3, SYS_fstat, SYS_ftruncate, SYS_fsync, SYS_getdents64, SYS_ppoll,
        // Names. Nothing that changes a mode, an owner, a time or an attribute: Landlock does not guard those.
        SYS_openat, SYS_newfstatat, SYS_statx, SYS_faccessat, SYS_faccessat2, SYS_readlinkat, SYS_getcwd, SYS_unlinkat,
        SYS_renameat2,
        // Memory.
        SYS_mmap, SYS_munmap, SYS_mprotect, SYS_mremap, SYS_madvise, SYS_brk,
        // Signals to itself and the end.
        SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigpending, SYS_rt_sigsuspend, SYS_sigaltstack,
        SYS_exit, SYS_exit_group,
        // Threads of its own; clone itself is below.
        SYS_set_tid_address, SYS_set_robust_list, SYS_rseq, SYS_sched_getaffinity, SYS_gettid,
        // What it is.
        SYS_getpid, SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getrlimit, SYS_setrlimit,
        SYS_uname, SYS_sysinfo, SYS_getrandom,
        // It may take more from itself, never give back.
        444, 445, 446,  // Landlock
#if defined(__x86_64__)
        // Older ways to some of the above, which other architectures never had.
        SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_unlink, SYS_rename, SYS_dup2, SYS_poll, SYS_pause,
        SYS_time, SYS_arch_prctl, SYS_getdents,
#else
        SYS_renameat,
#endif
    };
    const uint32_t self = (uint32_t)getpid(), own[] = {0, self};
    begin(filter);
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) on(filter, allowed[i], SECCOMP_RET_ALLOW);
    // Its flags lie in memory, where a filter cannot look: glibc then takes clone instead.
    on(filter, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
    on(filter, SYS_openat2, SECCOMP_RET_ERRNO | ENOSYS);
    // A thread, not a process.
    emit(filter, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4);
    load(filter, offsetof(struct seccomp_data, args));
    emit(filter, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1);
    end_with(filter, SECCOMP_RET_ALLOW);
    end_with(filter, SECCOMP_RET_TRAP);
    // Itself only, however it is named.
    allow_if(filter, SYS_kill, 0, own + 1, 1);
    allow_if(filter, SYS_tgkill, 0, own + 1, 1);
    allow_if(filter, SYS_prlimit64, 0, own, 2);
    allow_if(filter, SYS_sched_setaffinity, 0, own, 2);
    // Duplicates and flags; neither leases nor signals to others.
    static const uint32_t descriptor_commands[] = {0, 1, 2, 3, 4, 1030};
    allow_if(filter, SYS_fcntl, 1, descriptor_commands, 6);
    // Is it a terminal?
    static const uint32_t terminal_attributes = 0x5401;
    allow_if(filter, SYS_ioctl, 1, &terminal_attributes, 1);
    // Names of threads and of mappings.
    static const uint32_t process_options[] = {PR_SET_NAME, PR_GET_NAME, 0x53564d41};
    allow_if(filter, SYS_prctl, 0, process_options, 3);
    end_with(filter, SECCOMP_RET_TRAP);
}

static int drop_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
    memset(none, 0, sizeof none);
    return syscall(SYS_capset, &header, none) == 0 ? 0 : errno;
}

int cworker_confine(void) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
    int error = drop_capabilities();
    if (error) return error;
    CProcessFilter filter;
    make_worker_filter(&filter);
    return cprocess_install_filter(&filter);
}

// ---- Names of what is forbidden, for people. ----

const char *cworker_call_name(int call) {
    static const struct {
        int call;
        const char *name;
    } names[] = {
#define NAME(call) {SYS_##call, #call}
        NAME(socket), NAME(socketpair), NAME(connect), NAME(bind), NAME(listen), NAME(accept), NAME(accept4),
        NAME(sendto), NAME(sendmsg), NAME(recvfrom), NAME(recvmsg), NAME(setsockopt), NAME(getsockopt), NAME(shutdown),
        NAME(clone), NAME(execve), NAME(execveat), NAME(wait4), NAME(waitid), NAME(ptrace), NAME(process_vm_readv),
        NAME(process_vm_writev), NAME(kill), NAME(tkill), NAME(tgkill), NAME(rt_sigqueueinfo), NAME(pidfd_open),
        NAME(pidfd_send_signal), NAME(pidfd_getfd), NAME(setsid), NAME(setpgid), NAME(setuid), NAME(setgid),
        NAME(setresuid), NAME(setresgid), NAME(capset), NAME(prctl), NAME(seccomp), NAME(mount), NAME(umount2),
        NAME(pivot_root), NAME(chroot), NAME(chdir), NAME(fchdir), NAME(setns), NAME(unshare), NAME(bpf),
        NAME(perf_event_open), NAME(userfaultfd), NAME(io_uring_setup), NAME(io_uring_enter), NAME(memfd_create),
        NAME(shmget), NAME(shmat), NAME(mlock), NAME(mlockall), NAME(fchmod), NAME(fchmodat), NAME(fchown),
        NAME(fchownat), NAME(utimensat), NAME(setxattr), NAME(truncate), NAME(fallocate), NAME(mkdirat), NAME(mknodat),
        NAME(linkat), NAME(symlinkat), NAME(copy_file_range), NAME(sendfile), NAME(splice), NAME(pipe2),
        NAME(inotify_init1), NAME(epoll_create1), NAME(eventfd2), NAME(signalfd4), NAME(timerfd_create),
        NAME(timer_create), NAME(setpriority), NAME(sched_setscheduler), NAME(sched_setattr), NAME(sched_setaffinity),
        NAME(prlimit64), NAME(fcntl), NAME(ioctl), NAME(flock), NAME(reboot), NAME(init_module), NAME(finit_module),
        NAME(settimeofday), NAME(clock_settime), NAME(sethostname), NAME(sync), NAME(syslog), NAME(personality),
#if defined(__x86_64__)
        NAME(fork), NAME(vfork), NAME(creat), NAME(mkdir), NAME(rmdir), NAME(link), NAME(symlink), NAME(mknod),
        NAME(chmod), NAME(chown), NAME(lchown), NAME(utime), NAME(utimes), NAME(pipe), NAME(select), NAME(alarm),
        NAME(epoll_create), NAME(inotify_init), NAME(eventfd), NAME(signalfd), NAME(iopl), NAME(ioperm),
#endif
#undef NAME
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].call == call) return names[i].name;
    return NULL;
}
