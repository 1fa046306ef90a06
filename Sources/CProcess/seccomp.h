// Filters of system calls, shared by the program that starts children and by the worker.
#pragma once
#include <linux/filter.h>
#include <stdint.h>

enum { cprocess_filter_capacity = 512 };

typedef struct CProcessFilter {
    struct sock_filter code[cprocess_filter_capacity];
    // Beyond the capacity: the filter is not whole and will not be installed.
    uint16_t count;
} CProcessFilter;

// Denies the network and what reaches beyond the process with EPERM; allows the rest.
void cprocess_make_child_filter(CProcessFilter *filter);
// For all threads of this process, for good; 0 or an errno value. Makes one system call and touches nothing.
int cprocess_install_filter(const CProcessFilter *filter);
