// SwiftPM builds a C target only if it has a source; the module is header-only.
#include "csimd.h"
#include "kernel_abi.h"
