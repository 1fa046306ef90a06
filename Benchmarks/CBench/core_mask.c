#define _GNU_SOURCE
#include "core_mask.h"

#include <sched.h>
#include <unistd.h>

_Static_assert(sizeof(CoreMask) == sizeof(cpu_set_t), "the same bits");

CoreMask core_mask(void) {
    CoreMask mask = {};
    sched_getaffinity(0, sizeof mask, (cpu_set_t *)&mask);
    return mask;
}

void set_core_mask(CoreMask mask) {
    sched_setaffinity(0, sizeof mask, (const cpu_set_t *)&mask);
    sched_setaffinity(getpid(), sizeof mask, (const cpu_set_t *)&mask);
}
