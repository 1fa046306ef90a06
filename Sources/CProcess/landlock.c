#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cprocess.h"

// linux/landlock.h as of version 7, written out: the header of the build host may be older than the kernel of the host that runs.
// The numbers of these calls are the same on every architecture.
enum { call_create_ruleset = 444, call_add_rule = 445, call_restrict_self = 446 };
enum { create_ruleset_version = 1 << 0, rule_path_beneath = 1 };

typedef struct RulesetAttributes {
    uint64_t handled_file_access;
    uint64_t handled_network_access;
    uint64_t scoped;
} RulesetAttributes;

typedef struct PathAttributes {
    uint64_t allowed_access;
    int32_t parent;
} __attribute__((packed)) PathAttributes;

enum {
    execute = 1 << 0,
    write_file = 1 << 1,
    read_file = 1 << 2,
    read_folder = 1 << 3,
    remove_folder = 1 << 4,
    remove_file = 1 << 5,
    make_folder = 1 << 7,
    make_file = 1 << 8,
    make_link = 1 << 12,
    refer = 1 << 13,
    truncate_file = 1 << 14,
    device_control = 1 << 15,
    // What version 1 knows; later versions add one or two each.
    first_rights = (1 << 13) - 1,
};
enum { bind_tcp = 1 << 0, connect_tcp = 1 << 1 };
enum { scope_abstract_sockets = 1 << 0, scope_signals = 1 << 1 };

int cprocess_landlock_version(void) {
    long version = syscall(call_create_ruleset, NULL, 0, create_ruleset_version);
    return version > 0 ? (int)version : 0;
}

// The rights on files that a kernel can deny. Without `truncate` (before version 3) opening a file for writing is still denied.
static uint64_t handled_rights(int version) {
    uint64_t rights = first_rights;
    if (version >= 2) rights |= refer;
    if (version >= 3) rights |= truncate_file;
    if (version >= 5) rights |= device_control;
    return rights;
}

int cprocess_make_ruleset(void) {
    int version = cprocess_landlock_version();
    if (version == 0) {
        errno = ENOSYS;
        return -1;
    }
    RulesetAttributes attributes = {.handled_file_access = handled_rights(version)};
    if (version >= 4) attributes.handled_network_access = bind_tcp | connect_tcp;
    if (version >= 6) attributes.scoped = scope_abstract_sockets | scope_signals;
    // Older kernels take the longer structure as long as what they do not know is zero.
    return (int)syscall(call_create_ruleset, &attributes, sizeof attributes, 0);
}

int cprocess_allow(int ruleset, const char *path, int access) {
    int version = cprocess_landlock_version();
    uint64_t rights = 0;
    if (access & cprocess_read) rights |= read_file | read_folder | execute;
    if (access & cprocess_write) rights |= write_file | make_file | remove_file | truncate_file;
    if (access & cprocess_write_folders) rights |= make_folder | remove_folder | make_link | refer;
    int file = open(path, O_PATH | O_CLOEXEC);
    if (file < 0) return errno;
    struct stat status;
    int error = fstat(file, &status) == 0 ? 0 : errno;
    if (!error) {
        if (!S_ISDIR(status.st_mode)) rights &= read_file | write_file | execute | truncate_file;
        PathAttributes attributes = {rights & handled_rights(version), file};
        if (syscall(call_add_rule, ruleset, rule_path_beneath, &attributes, 0) != 0) error = errno;
    }
    close(file);
    return error;
}

int cprocess_enforce(int ruleset) { return syscall(call_restrict_self, ruleset, 0) == 0 ? 0 : errno; }
